import { parseArgs } from 'node:util';

/** Where the Hugging Face Hub is unless `--endpoint` or HF_ENDPOINT say otherwise. */
export const HUB = 'https://huggingface.co';

export const HELP = `Writes content/models/<id>.mdx from what a Hugging Face repository says of a model.

  npm run new:model -- Qwen/Qwen2.5-1.5B-Instruct
  npm run new:model -- Qwen/Qwen2.5-1.5B-Instruct --config path/to/config.json --source URL     (offline)

  --config FILE      read this config.json, and nothing from the network
  --source URL       where that file was found; the record cites this address and not the vendor's page
  --id ID            file name and URL; by default made from the repository's name
  --family ID        file name in content/families; by default that of the nearest sibling
  --gguf OWNER/NAME  repository with GGUF files; by default <repository>-GGUF where there is one
  --released DATE    "2026-04-24" or "2026-04"; by default the day the repository was made
  --endpoint URL     a mirror of ${HUB}; HF_ENDPOINT in the environment does the same
  --help             this text

HF_TOKEN in the environment is sent along; repositories behind a licence form need it.
`;

export interface Arguments {
  /** `owner/name` on Hugging Face. */
  readonly repository: string;
  readonly config?: string;
  /** Address at which `config` was found. */
  readonly source?: string;
  readonly id?: string;
  readonly family?: string;
  readonly gguf?: string;
  readonly released?: string;
  /** Without a slash at the end. */
  readonly endpoint: string;
  readonly token?: string;
}

/** A command line or an answer of the hub that no record can be made of: what was found and what to do. */
export class NewModelError extends Error {}

const REPOSITORY = /^[\w.-]+\/[\w.-]+$/;

/**
 * Reads the command line; undefined = the help is wanted.
 * @throws NewModelError
 */
export function parseArguments(
  commandLine: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Arguments | undefined {
  let parsed: ReturnType<typeof read>;
  try {
    parsed = read(commandLine);
  } catch (error) {
    throw new NewModelError(`${error instanceof Error ? error.message : error} (--help lists the flags)`);
  }
  const { help, endpoint = environment.HF_ENDPOINT ?? HUB, ...given } = parsed.values;
  if (help === true || commandLine.length === 0) return undefined;
  const named = parsed.positionals.map((text) => text.replace(`${HUB}/`, '').replace(/\/$/, ''));
  const [repository] = named;
  if (repository === undefined || named.length > 1 || !REPOSITORY.test(repository)) {
    throw new NewModelError(
      `found ${named.length === 0 ? 'no repository' : `"${named.join(' ')}"`}, expected one as owner/name, e.g. Qwen/Qwen2.5-1.5B-Instruct` +
        (given.config === undefined ? '' : '; the sources of the record name it, also with --config'),
    );
  }
  if (given.gguf !== undefined && !REPOSITORY.test(given.gguf)) {
    throw new NewModelError(`--gguf is "${given.gguf}", expected a repository as owner/name`);
  }
  if (given.source !== undefined && given.config === undefined) {
    throw new NewModelError(
      '--source says where a file was found, and there is none: add --config FILE, or leave it out',
    );
  }
  if (given.source !== undefined && !/^https:\/\/[^/]+\/./.test(given.source)) {
    throw new NewModelError(`--source is "${given.source}", expected the https:// address of one page or file`);
  }
  if (!URL.canParse(endpoint)) throw new NewModelError(`the endpoint is "${endpoint}", expected an address as ${HUB}`);
  return {
    repository,
    ...given,
    endpoint: endpoint.replace(/\/+$/, ''),
    ...(environment.HF_TOKEN ? { token: environment.HF_TOKEN } : {}),
  };
}

function read(commandLine: readonly string[]) {
  return parseArgs({
    args: [...commandLine],
    allowPositionals: true,
    options: {
      config: { type: 'string' },
      source: { type: 'string' },
      id: { type: 'string' },
      family: { type: 'string' },
      gguf: { type: 'string' },
      released: { type: 'string' },
      endpoint: { type: 'string' },
      help: { type: 'boolean', short: 'h' },
    },
  });
}
