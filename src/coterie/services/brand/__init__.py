"""Brands of products: names and descriptions, and the image that media attaches to them.

The tenant is the token's: no path names it. Products, and media, ask the facade for brands.
"""
