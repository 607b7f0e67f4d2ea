"""How good reviews are: cases with known answers, and how an answer is scored."""
