"""Spoils a Tryton database as the contract kit asks: what takes Tryton weeks
(stock of thousands of products, moves of ten days ago, sessions that ended)
is written to its tables. Usage: bench.py DATABASE, with a command as JSON on
the standard input; the answer is JSON."""
import datetime
import json
import sqlite3
import sys

FORM = '%Y-%m-%d %H:%M:%S.%f'


def main(path):
    command = json.load(sys.stdin)
    database = sqlite3.connect(path, timeout=30, isolation_level='IMMEDIATE')
    database.row_factory = sqlite3.Row
    with database:
        answer = COMMANDS[command.pop('do')](database, **command)
    json.dump(answer, sys.stdout)


def moment(ago_ms):
    at = datetime.datetime.utcnow() - datetime.timedelta(milliseconds=ago_ms)
    return at.strftime(FORM)


def expire(database):
    database.execute('DELETE FROM ir_session')


def copy_row(database, table, like, **changes):
    row = dict(database.execute(
            f'SELECT * FROM "{table}" WHERE id = ?', [like]).fetchone())
    del row['id']
    row.update(changes)
    names = ', '.join(f'"{name}"' for name in row)
    marks = ', '.join('?' * len(row))
    return database.execute(
        f'INSERT INTO "{table}" ({names}) VALUES ({marks})',
        list(row.values())).lastrowid


def new_items(database, like, count):
    """Products that nobody ever moved; inactive until they have stock."""
    template, = database.execute(
        'SELECT template FROM product_product WHERE id = ?', [like]).fetchone()
    created = moment(30 * 86_400_000)
    return [copy_row(database, 'product_product', like, template=template,
            code=None, suffix_code=None, active=0, create_date=created,
            write_date=None) for _ in range(count)]


def set_stock(database, stock, supplier, like):
    company, uom = database.execute(
        'SELECT c.id, t.default_uom FROM company_company c, product_product p'
        ' JOIN product_template t ON t.id = p.template WHERE p.id = ?',
        [like]).fetchone()
    currency, = database.execute(
        "SELECT id FROM currency_currency WHERE code = 'EUR'").fetchone()
    today = datetime.date.today().isoformat()
    database.executemany(
        'UPDATE product_product SET active = 1 WHERE id = ? AND active = 0',
        [[entry['item']] for entry in stock])
    database.executemany(
        "DELETE FROM stock_move WHERE product = ? AND ? IN (from_location,"
        " to_location) AND shipment IS NULL AND origin IS NULL",
        [[entry['item'], entry['place']] for entry in stock])
    rows = []
    for entry in stock:
        units = entry['units']
        if units is None:
            continue
        ago = entry['agoMs']
        created = moment(entry['createdAgoMs'] if ago is None else ago)
        written = None if ago is None else moment(ago)
        # Moves are never negative: what is below nothing has left.
        ways = [(units, True)] if units > 0 else [(-units, False)]
        if units == 0:
            ways = [(1, True), (1, False)]
        for quantity, comes in ways:
            origin, target = supplier, entry['place']
            if not comes:
                origin, target = target, origin
            rows.append([entry['item'], uom, quantity, quantity, origin, target,
                company, currency, today, today, created, written])
    database.executemany(
        "INSERT INTO stock_move (product, uom, quantity, internal_quantity,"
        " from_location, to_location, state, company, currency,"
        " planned_date, effective_date, create_date, write_date)"
        " VALUES (?, ?, ?, ?, ?, ?, 'done', ?, ?, ?, ?, ?, ?)", rows)


def remove(database, items):
    for item in items:
        database.execute('DELETE FROM stock_move WHERE product = ?', [item])
        database.execute(
            'UPDATE product_product SET active = 0 WHERE id = ?', [item])


def clear(database):
    database.execute('DELETE FROM stock_move')
    database.execute(
        "UPDATE product_product SET active = 0 WHERE template IN"
        " (SELECT id FROM product_template WHERE type = 'goods')")


def age(database, sales, agoMs):
    """Sales, their shipments and invoices say that they changed so long ago."""
    at = moment(agoMs)
    for sale in sales:
        lines = [f'sale.line,{id}' for id, in database.execute(
                'SELECT id FROM sale_line WHERE sale = ?', [sale])]
        marks = ', '.join('?' * len(lines))
        shipments = {int(name.split(',')[1]) for name, in database.execute(
                'SELECT DISTINCT shipment FROM stock_move'
                f' WHERE origin IN ({marks}) AND shipment IS NOT NULL', lines)}
        invoices = {id for id, in database.execute(
                'SELECT DISTINCT invoice FROM account_invoice_line'
                f' WHERE origin IN ({marks}) AND invoice IS NOT NULL', lines)}
        for table, ids in [('sale_sale', [sale]),
                ('stock_shipment_out', shipments),
                ('account_invoice', invoices)]:
            database.executemany(
                f'UPDATE "{table}" SET create_date = ?, write_date ='
                ' CASE WHEN write_date IS NULL THEN NULL ELSE ? END'
                ' WHERE id = ?', [[at, at, id] for id in ids])


COMMANDS = {
    'age': age,
    'expire': expire,
    'new_items': new_items,
    'set': set_stock,
    'remove': remove,
    'clear': clear,
    }

if __name__ == '__main__':
    main(*sys.argv[1:])
