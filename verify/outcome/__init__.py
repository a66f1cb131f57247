"""What a test item concludes: evidence, findings, and the lines that hold them."""
