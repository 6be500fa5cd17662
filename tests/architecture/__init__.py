"""The law of the house, and the proof that each of its rules can be broken and is then named."""
