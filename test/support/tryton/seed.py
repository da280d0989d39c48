"""Fills an initialised Tryton database with what the tests need, and prints
its ids as one line of JSON. Usage: seed.py CONFIGURATION"""
import datetime
import json
import os
import sqlite3
import sys
from decimal import Decimal

from proteus import Model, config
from trytond.modules.account.tests.tools import (
    create_chart, create_fiscalyear, create_tax, get_accounts)
from trytond.modules.account_invoice.tests.tools import (
    set_fiscalyear_invoice_sequences)
from trytond.modules.company.tests.tools import create_company, get_company

CURRENCIES = [
    ('EUR', 2, '0.01', '1.00'),
    ('USD', 2, '0.01', '1.10'),
    ('JPY', 0, '1', '162.53'),
    ('KWD', 3, '0.001', '0.34'),
    ]
COUNTRIES = [
    ('FR', 'France'), ('DE', 'Germany'), ('US', 'United States'),
    ('GB', 'United Kingdom'), ('CA', 'Canada'), ('JP', 'Japan')]
RATES = ['20.000', '10.000', '5.500', '19.000', '7.000', '5.000', '9.975']


def main(configuration):
    config.set_trytond('erp', config_file=configuration)
    currencies = {values[0]: currency(*values) for values in CURRENCIES}
    create_company(currency=currencies['EUR'])
    company = get_company()
    fiscal_year(company)
    create_chart(company)
    accounts = get_accounts(company)
    taxes = {rate: tax(rate) for rate in RATES}
    category = accounting_category(accounts)
    # Of which there are hundredths, so that goods by the metre are there too.
    piece, = Model.get('product.uom').find([('name', '=', 'Kilogram')])
    goods = [product(name, 'goods', piece, category)
        for name in ['T-shirt', 'Mug', 'Bench']]
    services = {name: product(name, 'service', piece, category).id
        for name in ['shipping', 'wrapping', 'discount', 'rounding', 'taxes']}
    for code, name in COUNTRIES:
        Model.get('country.country')(code=code, name=name).save()
    unique_codes(os.path.dirname(configuration))
    print(json.dumps({
        'items': [g.id for g in goods],
        'services': services,
        'taxes': {rate: t.id for rate, t in taxes.items()},
        'fixedTax': fixed_tax(accounts).id,
        'places': places(),
        'supplierLocation': supplier_location(),
        'paymentJournals': {code: payment_journal(company, found)
            for code, found in currencies.items()},
        }))


def unique_codes(folder):
    """What Tryton declares and PostgreSQL has: its SQLite backend adds no
    constraint to a table that is there. Of an index over an expression the
    name is told where it is broken, which Tryton looks for."""
    with sqlite3.connect(os.path.join(folder, 'erp.sqlite')) as database:
        database.execute(
            'CREATE UNIQUE INDEX party_party_code_uniq'
            " ON party_party ((code || ''))")


def currency(code, digits, rounding, rate):
    Currency = Model.get('currency.currency')
    found = Currency.find([('code', '=', code)])
    record = found[0] if found else Currency(
        name=code, symbol=code, code=code)
    record.rounding = Decimal(rounding)
    record.digits = digits
    if not record.rates:
        line = record.rates.new()
        line.date = datetime.date(2000, 1, 1)
        line.rate = Decimal(rate)
    record.save()
    return record


def fiscal_year(company):
    """The years that orders of the tests fall in."""
    today = datetime.date.today()
    for year in {2026, today.year}:
        opened = set_fiscalyear_invoice_sequences(
            create_fiscalyear(company, datetime.date(year, 1, 1)))
        opened.click('create_period')


def tax(rate):
    record = create_tax(Decimal(rate) / 100)
    record.name = record.description = f'VAT {rate} %'
    record.save()
    return record


def fixed_tax(accounts):
    """A thousandth a piece: what cents of tax are booked by."""
    return_ = create_tax(Decimal('0.1'))
    return_.name = return_.description = 'Difference of taxes'
    return_.type = 'fixed'
    return_.rate = None
    return_.amount = Decimal('0.001')
    return_.save()
    return return_


def accounting_category(accounts):
    record = Model.get('product.category')(name='Shop', accounting=True)
    record.account_revenue = accounts['revenue']
    record.account_expense = accounts['expense']
    record.save()
    return record


def product(name, type_, unit, category):
    template = Model.get('product.template')(name=name)
    template.default_uom = unit
    template.type = type_
    template.salable = True
    template.list_price = Decimal('10')
    template.account_category = category
    record, = template.products
    record.suffix_code = f'SKU-{name}'
    template.save()
    return template.products[0]


def places():
    """Three places in the storage zone of the warehouse."""
    Location = Model.get('stock.location')
    warehouse, = Location.find([('type', '=', 'warehouse')])
    ids = []
    for name in ['A', 'B', 'C']:
        place = Location(name=name, type='storage',
            parent=warehouse.storage_location)
        place.save()
        ids.append(place.id)
    return ids


def supplier_location():
    location, = Model.get('stock.location').find([('type', '=', 'supplier')])
    return location.id


def payment_journal(company, currency_):
    journal = Model.get('account.payment.journal')(
        name=f'Shop {currency_.code}', process_method='manual',
        company=company, currency=currency_)
    journal.save()
    return journal.id


if __name__ == '__main__':
    main(*sys.argv[1:])
