import { DecodeError } from "./errors.ts";

/**
 * The time zone of each country, by its ISO code: where a law says "from midnight", this is whose midnight. Of a country
 * with several zones it is that of its capital or largest city; territories with a code of their own have their own.
 */
const ZONES = `
  AD Europe/Andorra  AE Asia/Dubai  AF Asia/Kabul  AG America/Antigua  AI America/Anguilla  AL Europe/Tirane
  AM Asia/Yerevan  AO Africa/Luanda  AR America/Argentina/Buenos_Aires  AS Pacific/Pago_Pago  AT Europe/Vienna
  AU Australia/Sydney  AW America/Aruba  AX Europe/Mariehamn  AZ Asia/Baku  BA Europe/Sarajevo
  BB America/Barbados  BD Asia/Dhaka  BE Europe/Brussels  BF Africa/Ouagadougou  BG Europe/Sofia  BH Asia/Bahrain
  BI Africa/Bujumbura  BJ Africa/Porto-Novo  BL America/St_Barthelemy  BM Atlantic/Bermuda  BN Asia/Brunei
  BO America/La_Paz  BQ America/Kralendijk  BR America/Sao_Paulo  BS America/Nassau  BT Asia/Thimphu
  BW Africa/Gaborone  BY Europe/Minsk  BZ America/Belize  CA America/Toronto  CC Indian/Cocos  CD Africa/Kinshasa
  CF Africa/Bangui  CG Africa/Brazzaville  CH Europe/Zurich  CI Africa/Abidjan  CK Pacific/Rarotonga
  CL America/Santiago  CM Africa/Douala  CN Asia/Shanghai  CO America/Bogota  CR America/Costa_Rica
  CU America/Havana  CV Atlantic/Cape_Verde  CW America/Curacao  CX Indian/Christmas  CY Asia/Nicosia
  CZ Europe/Prague  DE Europe/Berlin  DJ Africa/Djibouti  DK Europe/Copenhagen  DM America/Dominica
  DO America/Santo_Domingo  DZ Africa/Algiers  EC America/Guayaquil  EE Europe/Tallinn  EG Africa/Cairo
  EH Africa/El_Aaiun  ER Africa/Asmara  ES Europe/Madrid  ET Africa/Addis_Ababa  FI Europe/Helsinki
  FJ Pacific/Fiji  FK Atlantic/Stanley  FM Pacific/Pohnpei  FO Atlantic/Faroe  FR Europe/Paris
  GA Africa/Libreville  GB Europe/London  GD America/Grenada  GE Asia/Tbilisi  GF America/Cayenne
  GG Europe/Guernsey  GH Africa/Accra  GI Europe/Gibraltar  GL America/Nuuk  GM Africa/Banjul  GN Africa/Conakry
  GP America/Guadeloupe  GQ Africa/Malabo  GR Europe/Athens  GS Atlantic/South_Georgia  GT America/Guatemala
  GU Pacific/Guam  GW Africa/Bissau  GY America/Guyana  HK Asia/Hong_Kong  HN America/Tegucigalpa
  HR Europe/Zagreb  HT America/Port-au-Prince  HU Europe/Budapest  ID Asia/Jakarta  IE Europe/Dublin
  IL Asia/Jerusalem  IM Europe/Isle_of_Man  IN Asia/Kolkata  IO Indian/Chagos  IQ Asia/Baghdad  IR Asia/Tehran
  IS Atlantic/Reykjavik  IT Europe/Rome  JE Europe/Jersey  JM America/Jamaica  JO Asia/Amman  JP Asia/Tokyo
  KE Africa/Nairobi  KG Asia/Bishkek  KH Asia/Phnom_Penh  KI Pacific/Tarawa  KM Indian/Comoro
  KN America/St_Kitts  KP Asia/Pyongyang  KR Asia/Seoul  KW Asia/Kuwait  KY America/Cayman  KZ Asia/Almaty
  LA Asia/Vientiane  LB Asia/Beirut  LC America/St_Lucia  LI Europe/Vaduz  LK Asia/Colombo  LR Africa/Monrovia
  LS Africa/Maseru  LT Europe/Vilnius  LU Europe/Luxembourg  LV Europe/Riga  LY Africa/Tripoli
  MA Africa/Casablanca  MC Europe/Monaco  MD Europe/Chisinau  ME Europe/Podgorica  MF America/Marigot
  MG Indian/Antananarivo  MH Pacific/Majuro  MK Europe/Skopje  ML Africa/Bamako  MM Asia/Yangon
  MN Asia/Ulaanbaatar  MO Asia/Macau  MP Pacific/Saipan  MQ America/Martinique  MR Africa/Nouakchott
  MS America/Montserrat  MT Europe/Malta  MU Indian/Mauritius  MV Indian/Maldives  MW Africa/Blantyre
  MX America/Mexico_City  MY Asia/Kuala_Lumpur  MZ Africa/Maputo  NA Africa/Windhoek  NC Pacific/Noumea
  NE Africa/Niamey  NF Pacific/Norfolk  NG Africa/Lagos  NI America/Managua  NL Europe/Amsterdam  NO Europe/Oslo
  NP Asia/Kathmandu  NR Pacific/Nauru  NU Pacific/Niue  NZ Pacific/Auckland  OM Asia/Muscat  PA America/Panama
  PE America/Lima  PF Pacific/Tahiti  PG Pacific/Port_Moresby  PH Asia/Manila  PK Asia/Karachi  PL Europe/Warsaw
  PM America/Miquelon  PN Pacific/Pitcairn  PR America/Puerto_Rico  PS Asia/Hebron  PT Europe/Lisbon
  PW Pacific/Palau  PY America/Asuncion  QA Asia/Qatar  RE Indian/Reunion  RO Europe/Bucharest
  RS Europe/Belgrade  RU Europe/Moscow  RW Africa/Kigali  SA Asia/Riyadh  SB Pacific/Guadalcanal  SC Indian/Mahe
  SD Africa/Khartoum  SE Europe/Stockholm  SG Asia/Singapore  SH Atlantic/St_Helena  SI Europe/Ljubljana
  SJ Arctic/Longyearbyen  SK Europe/Bratislava  SL Africa/Freetown  SM Europe/San_Marino  SN Africa/Dakar
  SO Africa/Mogadishu  SR America/Paramaribo  SS Africa/Juba  ST Africa/Sao_Tome  SV America/El_Salvador
  SX America/Lower_Princes  SY Asia/Damascus  SZ Africa/Mbabane  TC America/Grand_Turk  TD Africa/Ndjamena
  TF Indian/Kerguelen  TG Africa/Lome  TH Asia/Bangkok  TJ Asia/Dushanbe  TK Pacific/Fakaofo  TL Asia/Dili
  TM Asia/Ashgabat  TN Africa/Tunis  TO Pacific/Tongatapu  TR Europe/Istanbul  TT America/Port_of_Spain
  TV Pacific/Funafuti  TW Asia/Taipei  TZ Africa/Dar_es_Salaam  UA Europe/Kyiv  UG Africa/Kampala
  US America/New_York  UY America/Montevideo  UZ Asia/Tashkent  VA Europe/Vatican  VC America/St_Vincent
  VE America/Caracas  VG America/Tortola  VI America/St_Thomas  VN Asia/Ho_Chi_Minh  VU Pacific/Efate
  WF Pacific/Wallis  WS Pacific/Apia  YE Asia/Aden  YT Indian/Mayotte  ZA Africa/Johannesburg  ZM Africa/Lusaka
  ZW Africa/Harare
  XK Europe/Belgrade
`;

const ZONE_BY_COUNTRY: ReadonlyMap<string, string> = new Map(
  [...ZONES.matchAll(/([A-Z]{2}) (\S+)/g)].map(([, country = "", zone = ""]) => [country, zone]),
);

/** All zones of the table by country, for the test that compares them with what Node knows. */
export const COUNTRY_ZONES: Iterable<readonly [string, string]> = ZONE_BY_COUNTRY;

const DAY_MS = 86_400_000;

const SHOP_TIME = /^([0-9]{4})-([0-9]{2})-([0-9]{2}) ([0-9]{2}):([0-9]{2}):([0-9]{2})/;

/**
 * Turns times of a shop into days of a country. Making a formatter costs a hundred times what using it does, so one
 * calendar is kept for as long as it is needed.
 */
export class CountryCalendar {
  readonly #formats = new Map<string, Intl.DateTimeFormat>();

  /**
   * The day (`YYYY-MM-DD`) that it was in the country when the shop's clock showed this time (`YYYY-MM-DD HH:MM:SS`). An
   * unknown country has the shop's own time. In the hour that a shop lives twice in autumn it is the earlier one, and in
   * the hour that it skips in spring the clock is taken as not yet put forward.
   * @throws DecodeError where the shop's time is none, or its zone is unknown.
   */
  dayIn(country: string, shopTime: string, shopZone: string): string {
    const zone = ZONE_BY_COUNTRY.get(country) ?? shopZone;
    if (zone === shopZone) return shopTime.slice(0, 10);
    return this.#local(this.#instantMs(shopTime, shopZone), zone).slice(0, 10);
  }

  #instantMs(shopTime: string, zone: string): number {
    const match = SHOP_TIME.exec(shopTime);
    const wallMs = match === null ? Number.NaN : Date.parse(`${match[0].replace(" ", "T")}Z`);
    if (Number.isNaN(wallMs)) throw new DecodeError(`"${shopTime}" is not a time of the shop`);
    // The zone's offset a day before and a day after holds both sides of a change of the clock.
    const candidates = [-DAY_MS, DAY_MS].map((away) => wallMs - this.#offsetMs(wallMs + away, zone));
    const exact = candidates.filter((ms) => ms + this.#offsetMs(ms, zone) === wallMs);
    return exact.length > 0 ? Math.min(...exact) : Math.max(...candidates);
  }

  #offsetMs(instantMs: number, zone: string): number {
    const local = this.#local(instantMs, zone);
    return Date.parse(`${local.replace(" ", "T")}Z`) - Math.floor(instantMs / 1_000) * 1_000;
  }

  #local(instantMs: number, zone: string): string {
    const known = this.#formats.get(zone);
    const format = known ?? formatOf(zone);
    if (known === undefined) this.#formats.set(zone, format);
    return format.format(instantMs);
  }
}

function formatOf(timeZone: string): Intl.DateTimeFormat {
  try {
    // Swedish dates are written as MySQL writes them.
    return new Intl.DateTimeFormat("sv-SE", { timeZone, dateStyle: "short", timeStyle: "medium" });
  } catch (thrown) {
    if (thrown instanceof RangeError)
      throw new DecodeError(`The shop's time zone "${timeZone}" is not known`);
    throw thrown;
  }
}
