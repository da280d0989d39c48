"""Tryton's side of erpsync: a unique key for the shop's orders and payments,
their import in one transaction, the stock less what is ordered, and a field
for tracking numbers."""
from trytond.pool import Pool

from . import payment, product, sale, stock


def register():
    Pool.register(
        sale.Sale,
        product.Product,
        stock.ShipmentOut,
        module='erpsync', type_='model')
    Pool.register(
        payment.Payment,
        module='erpsync', type_='model', depends=['sale_payment'])
