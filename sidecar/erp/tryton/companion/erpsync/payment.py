from trytond.exceptions import UserError
from trytond.i18n import gettext
from trytond.pool import Pool, PoolMeta
from trytond.rpc import RPC

from .keyed import ShopKeyMixin


class Payment(ShopKeyMixin, metaclass=PoolMeta):
    __name__ = 'account.payment'

    @classmethod
    def __setup__(cls):
        super().__setup__()
        cls.__rpc__.update({
                'shop_pay': RPC(readonly=False),
                })

    @classmethod
    def shop_pay(cls, id, payment):
        """Books a payment of the sale with that id, or nothing. `payment`
        holds `key`, `fingerprint`, `journal`, `amount`, `date`,
        `description` and `state` (`approved` or `succeeded`).
        Answers `{'id', 'outcome'}`: `created`, or where the key is in use
        `replayed` (same fingerprint) or `conflict` (another's)."""
        known = cls.shop_known(payment['key'])
        if known:
            same = known.shop_fingerprint == payment['fingerprint']
            return {
                'id': known.id,
                'outcome': 'replayed' if same else 'conflict',
                }
        sale = Pool().get('sale.sale').shop_get(id)
        made, = cls.shop_make(sale, [payment])
        return {'id': made.id, 'outcome': 'created'}

    @classmethod
    def shop_make(cls, sale, payments):
        """Books payments of a sale. Those that cover it confirm it."""
        party = sale.invoice_party or sale.party
        made = cls.create([{
                    'company': sale.company.id,
                    'journal': payment['journal'],
                    'kind': 'receivable',
                    'party': party.id,
                    'date': payment['date'],
                    'amount': payment['amount'],
                    'description': payment['description'],
                    'origin': str(sale),
                    'shop_ref': payment['key'],
                    'shop_fingerprint': payment['fingerprint'],
                    } for payment in payments])
        for payment, wanted in zip(made, payments):
            if payment.currency != sale.currency:
                raise UserError(gettext('erpsync.msg_shop_payment_currency',
                        ref=payment.shop_ref,
                        currency=payment.currency.code,
                        sale_currency=sale.currency.code))
            cls.approve([payment])
            if wanted['state'] == 'succeeded':
                cls.process([payment], payment._shop_group)
                cls.succeed([payment])
        return made

    def _shop_group(self):
        group = Pool().get('account.payment.group')(
            company=self.company, journal=self.journal, kind=self.kind)
        group.save()
        return group

    @classmethod
    def shop_release(cls, payments):
        """Takes payments back, so that their keys are free. What was
        processed Tryton never deletes: it stays as failed, without key."""
        booked = [p for p in payments if p.state not in {'draft', 'approved'}]
        waiting = [p for p in payments if p not in booked]
        cls.draft([p for p in waiting if p.state == 'approved'])
        cls.delete(cls.browse(waiting))
        cls.fail([p for p in booked if p.state != 'failed'])
        for payment in booked:
            cls.write([payment], {
                    'origin': None,
                    'shop_ref': None,
                    'description': gettext('erpsync.msg_shop_released',
                        description=payment.description),
                    })
