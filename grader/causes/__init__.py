"""The likely causes of failures: a module for each kind, and what their rules may look at."""
