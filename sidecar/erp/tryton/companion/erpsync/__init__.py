"""Tryton's side of erpsync: a unique key for the shop's orders, their import in
one transaction, and the stock less what is ordered."""
from trytond.pool import Pool

from . import product, sale


def register():
    Pool.register(
        sale.Sale,
        product.Product,
        module='erpsync', type_='model')
