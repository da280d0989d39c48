from trytond.model import fields
from trytond.pool import PoolMeta


class ShipmentOut(metaclass=PoolMeta):
    __name__ = 'stock.shipment.out'

    shop_tracking = fields.Char("Tracking Number",
        help="The carrier's number of the parcel, which the customer is told "
        "by the shop. At most 64 characters.")

    @classmethod
    def copy(cls, shipments, default=None):
        default = {} if default is None else default.copy()
        default.setdefault('shop_tracking', None)
        return super().copy(shipments, default=default)
