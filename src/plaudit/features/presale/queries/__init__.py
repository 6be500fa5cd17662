"""What can be asked of presale: ``catalogue`` about shows and offers, ``orders`` about what was bought."""
