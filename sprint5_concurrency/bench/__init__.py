"""Measures the strategies of sprint 5, and any other server that speaks their wire."""
