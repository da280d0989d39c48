from trytond.exceptions import UserError
from trytond.i18n import gettext
from trytond.model import fields
from trytond.pool import Pool, PoolMeta
from trytond.rpc import RPC

from .keyed import ShopKeyMixin

#: States in which a sale can be given back its draft and be written anew.
AMENDABLE = {'draft', 'quotation', 'confirmed', 'cancelled'}


class Sale(ShopKeyMixin, metaclass=PoolMeta):
    __name__ = 'sale.sale'

    shop_hash = fields.Char("Shop Content", readonly=True,
        help="Hash of what the shop sent when the order was imported.")

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.__rpc__.update({
                'shop_import': RPC(readonly=False),
                'shop_amend': RPC(readonly=False),
                'shop_cancel': RPC(readonly=False),
                'shop_withdraw': RPC(readonly=False),
                })

    @classmethod
    def copy(cls, sales, default=None):
        default = {} if default is None else default.copy()
        default.setdefault('shop_hash', None)
        return super().copy(sales, default=default)

    @classmethod
    def shop_import(cls, order):
        """Makes the sale of a shop's order with all that belongs to it, or
        nothing. `order` holds `key`, `fingerprint`, `hash` (of the content),
        `sale` (the values of the sale, its lines among them), `billing` and
        `delivery` (addresses), `untaxed` and `total` (what the sale has to come
        to), `state`, and `payments` (see `account.payment.shop_pay`). Answers
        `{'id', 'outcome'}`: `created`, or where the key is in use `replayed`
        (same content) or `conflict` (another's)."""
        known = cls.shop_known(order['key'])
        if known:
            same = known.shop_hash == order['hash']
            return {
                'id': known.id,
                'outcome': 'replayed' if same else 'conflict',
                }
        sale, = cls.create([dict(order['sale'],
                    shop_ref=order['key'],
                    shop_fingerprint=order['fingerprint'],
                    shop_hash=order['hash'],
                    **cls._shop_addresses(order))])
        cls._shop_finish(sale, order)
        if order['payments']:
            Pool().get('account.payment').shop_make(sale, order['payments'])
        return {'id': sale.id, 'outcome': 'created'}

    @classmethod
    def shop_amend(cls, id, order):
        """Replaces the content of a sale by what the shop says now, or
        changes nothing; one that was cancelled is open again. `order` as for
        `shop_import`, its payments left out."""
        sale = cls._shop_changeable(id)
        payments = cls._shop_detach(sale)
        if sale.state != 'draft':
            cls.draft([cls(id)])
        values = dict(order['sale'], **cls._shop_addresses(order))
        values['lines'] = (
            [('delete', [line.id for line in sale.lines])]
            + list(values['lines']))
        sold = cls._shop_sold(sale)
        cls.write([sale], values)
        cls._shop_touch(sold)
        cls._shop_finish(cls(id), order)
        if cls._shop_attach(cls(id), payments):
            cls.payment_confirm([cls(id)])
        return {'id': id, 'outcome': 'amended'}

    @classmethod
    def shop_cancel(cls, id):
        """Calls a sale off. Its payments stay: the money came."""
        sale = cls._shop_changeable(id)
        if sale.state != 'cancelled':
            payments = cls._shop_detach(sale)
            if sale.state == 'confirmed':
                cls.draft([cls(id)])
            cls.cancel([cls(id)])
            cls._shop_attach(cls(id), payments)
            cls._shop_touch(cls._shop_sold(sale))
        return {'id': id, 'outcome': 'cancelled'}

    @classmethod
    def shop_withdraw(cls, id):
        """Takes a sale out again with the payments that the shop sent, so
        that their keys are free. One that is gone is no error."""
        if cls.search([('id', '=', id)]):
            sale = cls._shop_changeable(id)
            payments = list(getattr(sale, 'payments', []))
            if any(not p.shop_ref and p.state != 'failed' for p in payments):
                raise UserError(gettext('erpsync.msg_shop_payment_of_others',
                        ref=sale.shop_ref or sale.rec_name))
            if payments:
                Pool().get('account.payment').shop_release(payments)
            if sale.state == 'confirmed':
                cls.draft([cls(id)])
            cls._shop_touch(cls._shop_sold(sale))
            # Which cancels it first.
            cls.delete([cls(id)])
        return {'id': id, 'outcome': 'withdrawn'}

    @classmethod
    def shop_get(cls, id):
        sales = cls.search([('id', '=', id)])
        if not sales:
            raise UserError(gettext('erpsync.msg_shop_gone', id=id))
        return sales[0]

    @classmethod
    def _shop_changeable(cls, id):
        sale = cls.shop_get(id)
        if sale.state not in AMENDABLE:
            raise UserError(gettext('erpsync.msg_shop_state',
                    ref=sale.shop_ref or sale.rec_name, state=sale.state))
        return sale

    @classmethod
    def _shop_detach(cls, sale):
        """Takes the payments off a sale for a while: Tryton neither opens nor
        cancels one that has any, and the shop does both to paid orders."""
        # Without sale_payment there are none.
        payments = [p for p in getattr(sale, 'payments', [])
            if p.state != 'failed']
        if payments:
            Pool().get('account.payment').write(payments, {'origin': None})
        return payments

    @classmethod
    def _shop_attach(cls, sale, payments):
        if payments:
            Pool().get('account.payment').write(
                payments, {'origin': str(sale)})
        return payments

    @classmethod
    def _shop_sold(cls, sale):
        return [line.product for line in sale.lines if line.product]

    @classmethod
    def _shop_touch(cls, products):
        # The figure of a product that was ordered until now has changed, and
        # no row is left that says so.
        Pool().get('product.product').shop_touch(products)

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
