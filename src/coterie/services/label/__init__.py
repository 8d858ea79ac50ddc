"""Labels of products, such as "ships worldwide": a name, a text, an image, and where it lies over a product's image.

The tenant is the token's: no path names it. Products, and media, ask the facade for labels.
"""
