from trytond import backend
from trytond.model import Unique, fields
from trytond.transaction import Transaction


class ShopKeyMixin:
    """A record that the shop has a key of, which the database holds unique."""
    __slots__ = ()

    shop_ref = fields.Char("Shop Reference", readonly=True, select=True,
        help="The shop's key of this record.")
    shop_fingerprint = fields.Char("Shop Fingerprint", readonly=True,
        help="Tells this record from another that once had its key.")

    @classmethod
    def __setup__(cls):
        super().__setup__()
        table = cls.__table__()
        cls._sql_constraints.append(
            ('shop_ref_unique', Unique(table, table.company, table.shop_ref),
                'erpsync.msg_shop_ref_unique'))

    @classmethod
    def __register__(cls, module_name):
        super().__register__(module_name)
        if backend.name == 'sqlite':
            # Tryton's SQLite backend adds no constraint to a table that is
            # there. Of an index over an expression the name is told where it
            # is broken, and that is what Tryton looks for.
            Transaction().connection.cursor().execute(
                'CREATE UNIQUE INDEX IF NOT EXISTS'
                f' {cls._table}_shop_ref_unique'
                f" ON {cls._table} (company, (shop_ref || ''))")

    @classmethod
    def copy(cls, records, default=None):
        # A copy is another record, and the key is this one's.
        default = {} if default is None else default.copy()
        for name in ['shop_ref', 'shop_fingerprint']:
            default.setdefault(name, None)
        return super().copy(records, default=default)

    @classmethod
    def shop_known(cls, key):
        """The record of the context's company that has the key, or None."""
        known = cls.search([
                ('shop_ref', '=', key),
                ('company', '=', Transaction().context.get('company')),
                ], limit=1)
        return known[0] if known else None
