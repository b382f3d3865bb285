/**
 * A name as Avro allows it: letters, digits and underscores, the rest as `_x` and the UTF-16 code in hex. Iceberg's
 * own writers store columns in Parquet and partition fields in Avro under such names, and readers that look columns up
 * by name expect them. See `AvroSchemaUtil.makeCompatibleName` of the reference implementation.
 */
export function avroName(name: string): string {
  const code = (char: string): string => `_x${char.charCodeAt(0).toString(16).toUpperCase()}`;
  return name
    .split("")
    .map((char, index) => {
      if (/[A-Za-z_]/.test(char)) return char;
      if (/[0-9]/.test(char)) return index === 0 ? `_${char}` : char;
      return code(char);
    })
    .join("");
}
