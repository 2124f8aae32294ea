// Time zones, each read when it is first used: read at once, all of them would be in the image of each plugin that has `Intl`.

/** As formatjs packs them: a text for each zone, `Name|change|change…`, and the abbreviations and offsets that changes name. */
interface Packed {
  abbrvs: string;
  offsets: string;
  zones: string[];
}

/** From when (in seconds since 1970), by which abbreviation, by how many seconds from UTC, whether in summer. */
type Change = [from: number, abbreviation: string, offset: number, isSummer: boolean];

interface DateTimeFormat {
  tzData: Record<string, Change[]>;
  __addTZData(packed: Packed): void;
}

const kind = Intl.DateTimeFormat as unknown as DateTimeFormat;

/** formatjs's own way of reading them, by zone. */
const unpack = kind.__addTZData;

kind.__addTZData = ({ abbrvs, offsets, zones }) => {
  const read: Record<string, Change[]> = {};
  for (const zone of zones) {
    const name = zone.slice(0, zone.indexOf('|'));
    const get = () => {
      unpack.call(kind, { abbrvs, offsets, zones: [zone] });
      const changes = kind.tzData[name]!;
      kind.tzData = read;
      Object.defineProperty(read, name, { value: changes, enumerable: true });
      return changes;
    };
    Object.defineProperty(read, name, { get, enumerable: true, configurable: true });
  }
  kind.tzData = read;
};
