import datetime

from sql import Literal, Null
from sql.aggregate import Max, Sum
from sql.conditionals import Case, Coalesce
from sql.functions import CurrentTimestamp

from trytond.pool import Pool, PoolMeta
from trytond.rpc import RPC
from trytond.transaction import Transaction

#: Most products in an answer.
PAGE = 1000
#: Moves that are still to come.
OPEN = ['draft', 'assigned']
#: Sales whose lines take stock before they have moves of their own.
ORDERED = ['draft', 'quotation', 'confirmed', 'processing']


class Product(metaclass=PoolMeta):
    __name__ = 'product.product'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.__rpc__.update({
                'shop_figures': RPC(),
                })

    @classmethod
    def shop_touch(cls, products):
        """Makes the figures of these products part of the next delta."""
        if not products:
            return
        table = cls.__table__()
        Transaction().connection.cursor().execute(*table.update(
                [table.write_date], [CurrentTimestamp()],
                where=table.id.in_([product.id for product in products])))

    @classmethod
    def shop_figures(cls, query):
        """A page of what may be sold of each product: what lies in the
        locations, less what is to leave them, less what shops ordered and no
        move is made for yet. Products that never moved there are not named.
        `query` holds `locations` (none: the storage zones of all warehouses),
        `after`, `first` and `last` (ids of products, or None) and `since` (a
        moment: only what changed from then on, or None).
        Answers `{'figures': [{'id', 'quantity', 'changed'}], 'count',
        'more'}`, by id."""
        locations = cls._shop_locations(query['locations'])
        if not locations:
            return {'figures': [], 'count': 0, 'more': False}
        ids = cls._shop_page(locations, query)
        more = len(ids) > PAGE
        figures = cls._shop_quantities(locations, ids[:PAGE])
        return {'figures': figures, 'count': len(figures), 'more': more}

    @classmethod
    def _shop_locations(cls, ids):
        Location = Pool().get('stock.location')
        if not ids:
            warehouses = Location.search([('type', '=', 'warehouse')])
            ids = [w.storage_location.id for w in warehouses]
        return [location.id for location in Location.search([
                    ('parent', 'child_of', ids),
                    ('active', 'in', [True, False]),
                    ])]

    @classmethod
    def _shop_page(cls, locations, query):
        """Ids of the next products, one more than a page has where more
        follow."""
        pool = Pool()
        product = cls.__table__()
        move = pool.get('stock.move').__table__()
        touching = (move.from_location.in_(locations)
            | move.to_location.in_(locations))
        where = product.id.in_(move.select(move.product,
                where=touching & (move.state != 'cancelled')))
        for operand, test in [
                (query['after'], lambda id: product.id > id),
                (query['first'], lambda id: product.id >= id),
                (query['last'], lambda id: product.id <= id)]:
            if operand is not None:
                where &= test(operand)
        since = query['since']
        if since is not None:
            def changed(table):
                return Coalesce(table.write_date, table.create_date) >= since
            sale = pool.get('sale.sale').__table__()
            line = pool.get('sale.line').__table__()
            ordered = line.join(sale, condition=line.sale == sale.id)
            where &= (changed(product)
                | product.id.in_(move.select(move.product,
                        where=touching & changed(move)))
                | product.id.in_(ordered.select(line.product,
                        where=(line.product != Null)
                        & (sale.shop_ref != Null)
                        & (changed(line) | changed(sale)))))
        cursor = Transaction().connection.cursor()
        cursor.execute(*product.select(product.id,
                where=where, order_by=product.id.asc, limit=PAGE + 1))
        return [id for id, in cursor]

    @classmethod
    def _shop_quantities(cls, locations, ids):
        if not ids:
            return []
        move = Pool().get('stock.move').__table__()
        comes = move.to_location.in_(locations)
        leaves = move.from_location.in_(locations)
        done = move.state == 'done'
        to_come = move.state.in_(OPEN)
        amount = Coalesce(move.internal_quantity, 0)
        quantity = Case(
            (done & comes & ~leaves, amount),
            ((done | to_come) & leaves & ~comes, -amount),
            else_=Literal(0))
        cursor = Transaction().connection.cursor()
        cursor.execute(*move.select(
                move.product, Sum(quantity), Max(move.write_date),
                where=move.product.in_(ids) & (comes | leaves),
                group_by=move.product))
        moved = {id: (total, changed) for id, total, changed in cursor}
        ordered = cls._shop_ordered(ids)
        return [{
                'id': id,
                'quantity': float(moved[id][0]) - ordered.get(id, 0),
                'changed': cls._shop_moment(moved[id][1]),
                } for id in ids]

    @classmethod
    def _shop_ordered(cls, ids):
        """What shops ordered of these products and has no moves yet, by
        product, in its own unit."""
        pool = Pool()
        Line = pool.get('sale.line')
        Uom = pool.get('product.uom')
        ordered = {}
        for line in Line.search([
                    ('product', 'in', ids),
                    ('type', '=', 'line'),
                    # What a credit takes back is there when it has arrived.
                    ('quantity', '>', 0),
                    ('sale.shop_ref', '!=', None),
                    ('sale.state', 'in', ORDERED),
                    ]):
            if line.moves:
                continue
            product = line.product
            quantity = Uom.compute_qty(
                line.unit, line.quantity, product.default_uom, round=False)
            ordered[product.id] = ordered.get(product.id, 0) + quantity
        return ordered

    @classmethod
    def _shop_moment(cls, value):
        # SQLite gives the aggregate of a moment as text.
        if isinstance(value, str):
            value = datetime.datetime.fromisoformat(value)
        return value
