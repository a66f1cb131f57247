"""``python -m initlaws``: the command."""

import sys

from initlaws.command import main

if __name__ == "__main__":
    sys.exit(main())
