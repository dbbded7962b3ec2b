/**
 * The shape of `stagepost.json` as people write it: many ways to say a thing, nothing unknown. What
 * it means is in `manifest.ts`.
 */
import { z } from 'zod';
import { STAGES } from '../notation/model.ts';

/** A port of its own for each way in; the names are the placeholders' names. */
export const PORT_NAMES = [
  'smtp',
  'pop3',
  'imap',
  'smtps',
  'pop3s',
  'imaps',
  'submission',
] as const;
export type PortName = (typeof PORT_NAMES)[number];

const commandLine = z.string().trim().min(1);
const stringOrList = z.union([commandLine, z.array(commandLine)]);

/** A process: a command line, or one with the folder to start it in and what to type to it. */
const startEntry = z.union([
  commandLine,
  z.strictObject({
    command: commandLine,
    cwd: z.string().optional(),
    stdin: z.string().optional(),
  }),
]);
const start = z.union([startEntry, z.array(startEntry).min(1)]);

const port = z.int().min(1).max(65_535);
const ports = z.strictObject(
  Object.fromEntries(PORT_NAMES.map((name) => [name, port.optional()])) as Record<
    PortName,
    z.ZodOptional<typeof port>
  >,
);
const env = z.record(z.string(), z.union([z.string(), z.number().transform(String)]));
const account = z.strictObject({
  address: z.string().min(1),
  user: z.string().optional(),
  password: z.string().optional(),
});

/** What a variant may say otherwise than the plain server. */
const changeable = {
  start,
  client: commandLine.optional(),
  clientInput: z.array(z.string()).optional(),
  ports: ports.optional(),
  env: env.optional(),
  setup: stringOrList.optional(),
  store: stringOrList.optional(),
  accounts: z.array(account).min(1).optional(),
  login: z.array(z.string()).optional(),
};

const variant = z.strictObject({ ...changeable, start: start.optional() });

export const manifestSchema = z.strictObject({
  // Editors look up the description of a JSON file here; it has no other meaning.
  $schema: z.string().optional(),
  stage: z.enum(STAGES).optional(),
  build: commandLine.optional(),
  ...changeable,
  variants: z.record(z.string().regex(/^[a-z][a-z0-9-]*$/), variant).optional(),
});

export type ManifestFile = z.output<typeof manifestSchema>;

const rootKeys = Object.keys(manifestSchema.shape).filter((key) => key !== '$schema');
const variantKeys = Object.keys(variant.shape);

/** The keys that may stand at a place of the manifest, for "allowed here: …". */
export function keysAllowedAt(path: readonly PropertyKey[]): readonly string[] {
  const [first, , ...rest] = path;
  if (first === undefined) return rootKeys;
  if (first === 'variants') return rest.length === 0 ? variantKeys : keysAllowedAt(rest);
  if (first === 'ports') return PORT_NAMES;
  if (first === 'start') return ['command', 'cwd', 'stdin'];
  if (first === 'accounts') return ['address', 'user', 'password'];
  return [];
}
