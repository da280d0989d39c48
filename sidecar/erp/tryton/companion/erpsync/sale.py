from trytond import backend
from trytond.exceptions import UserError
from trytond.i18n import gettext
from trytond.model import Unique, fields
from trytond.pool import Pool, PoolMeta
from trytond.rpc import RPC
from trytond.transaction import Transaction

#: States in which a sale can be given back its draft and be written anew.
AMENDABLE = {'draft', 'quotation', 'confirmed'}


class Sale(metaclass=PoolMeta):
    __name__ = 'sale.sale'

    shop_ref = fields.Char("Shop Reference", readonly=True, select=True,
        help="The shop's key of this order.")
    shop_fingerprint = fields.Char("Shop Fingerprint", readonly=True,
        help="Tells this order from another that once had its key.")
    shop_hash = fields.Char("Shop Content", readonly=True,
        help="Hash of what the shop sent when the order was imported.")

    @classmethod
    def __setup__(cls):
        super().__setup__()
        table = cls.__table__()
        cls._sql_constraints.append(
            ('shop_ref_unique', Unique(table, table.company, table.shop_ref),
                'erpsync.msg_shop_ref_unique'))
        cls.__rpc__.update({
                'shop_import': RPC(readonly=False),
                'shop_amend': RPC(readonly=False),
                })

    @classmethod
    def __register__(cls, module_name):
        super().__register__(module_name)
        if backend.name == 'sqlite':
            # Tryton's SQLite backend adds no constraint to a table that is
            # there. Of an index over an expression the name is told where it
            # is broken, and that is what Tryton looks for.
            Transaction().connection.cursor().execute(
                'CREATE UNIQUE INDEX IF NOT EXISTS sale_sale_shop_ref_unique'
                " ON sale_sale (company, (shop_ref || ''))")

    @classmethod
    def copy(cls, sales, default=None):
        # A copy is another sale, and the key is this one's.
        default = {} if default is None else default.copy()
        for name in ['shop_ref', 'shop_fingerprint', 'shop_hash']:
            default.setdefault(name, None)
        return super().copy(sales, default=default)

    @classmethod
    def shop_import(cls, order):
        """Makes the sale of a shop's order with all that belongs to it, or
        nothing. `order` holds `key`, `fingerprint`, `hash` (of the content),
        `sale` (the values of the sale, its lines among them), `billing` and
        `delivery` (addresses), `untaxed` and `total` (what the sale has to come
        to) and `state`. Answers `{'id', 'outcome'}`: `created`, or where the
        key is in use `replayed` (same content) or `conflict` (another's)."""
        company = Transaction().context.get('company')
        known = cls.search([
                ('shop_ref', '=', order['key']),
                ('company', '=', company),
                ], limit=1)
        if known:
            sale, = known
            same = sale.shop_hash == order['hash']
            return {
                'id': sale.id,
                'outcome': 'replayed' if same else 'conflict',
                }
        sale, = cls.create([dict(order['sale'],
                    shop_ref=order['key'],
                    shop_fingerprint=order['fingerprint'],
                    shop_hash=order['hash'],
                    **cls._shop_addresses(order))])
        cls._shop_finish(sale, order)
        return {'id': sale.id, 'outcome': 'created'}

    @classmethod
    def shop_amend(cls, id, order):
        """Replaces the content of a sale by what the shop says now, or
        changes nothing. `order` as for `shop_import`."""
        sale, = cls.search([('id', '=', id)])
        if sale.state not in AMENDABLE:
            raise UserError(gettext('erpsync.msg_shop_amend_state',
                    ref=sale.shop_ref or sale.rec_name, state=sale.state))
        if sale.state != 'draft':
            cls.draft([sale])
        sold = [line.product for line in sale.lines if line.product]
        values = dict(order['sale'], **cls._shop_addresses(order))
        values['lines'] = (
            [('delete', [line.id for line in sale.lines])]
            + list(values['lines']))
        cls.write([sale], values)
        # The figure of a product that was ordered until now has changed, and
        # no row is left that says so.
        Pool().get('product.product').shop_touch(sold)
        cls._shop_finish(cls(id), order)
        return {'id': id, 'outcome': 'amended'}

    @classmethod
    def _shop_finish(cls, sale, order):
        if (sale.untaxed_amount != order['untaxed']
                or sale.total_amount != order['total']):
            raise UserError(gettext('erpsync.msg_shop_totals',
                    ref=sale.reference,
                    untaxed=sale.untaxed_amount, total=sale.total_amount,
                    shop_untaxed=order['untaxed'],
                    shop_total=order['total']))
        if order['state'] in {'quotation', 'confirmed'}:
            cls.quote([sale])
        if order['state'] == 'confirmed':
            cls.confirm([sale])

    @classmethod
    def _shop_addresses(cls, order):
        party = order['sale']['party']
        return {
            'invoice_address': cls._shop_address(party, order['billing']),
            'shipment_address': cls._shop_address(party, order['delivery']),
            }

    @classmethod
    def _shop_address(cls, party, values):
        """The party's address of that content: the one that is there, or a
        new one. Addresses of earlier orders are never changed."""
        Address = Pool().get('party.address')
        for address in Address.search([('party', '=', party)]):
            country = address.country.id if address.country else None
            if country == values['country'] and all(
                    (getattr(address, name) or '') == values[name]
                    for name in ['party_name', 'street', 'postal_code',
                        'city']):
                return address.id
        address, = Address.create([dict(values, party=party)])
        return address.id
