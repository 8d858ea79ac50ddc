"""Throughput as ratios within one run: a tenant of any size, a floor beside every measure, and the report."""
