// What Swagger UI is given of the description. It follows every reference before it shows an operation, and from the row
// of one model the relations lead to those of all: 89 models keep it busy for minutes. So a row ends at its relations.

/** The description with a plain object in the place of each related row. */
export function withoutCycles(description) {
  const { schemas } = description.components;
  for (const [name, schema] of Object.entries(schemas)) {
    if (!(`${name}.Page` in schemas)) continue;
    for (const [member, value] of Object.entries(schema.properties)) {
      const target = related(value)?.split("/").at(-1);
      if (target && isOfRows(target, schemas)) schema.properties[member] = shown(target, value);
    }
  }
  return description;
}

function related({ $ref, anyOf }) {
  return $ref ?? anyOf?.find((each) => each.$ref)?.$ref;
}

function isOfRows(target, schemas) {
  return target.endsWith(".Page") || `${target}.Page` in schemas;
}

function shown(target, { description }) {
  const what = target.endsWith(".Page") ? `A page of ${target.slice(0, -".Page".length)}.` : `A ${target}.`;
  return { type: "object", description: `${what} ${description}` };
}
