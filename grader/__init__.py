"""Runs anybody's programs, in any language, and judges what they do. It imports none of the programs it judges."""
