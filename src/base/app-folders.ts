import envPaths from 'env-paths';

export interface AppFolders {
  /** What the user writes and may keep in a dotfiles repository. */
  readonly config: string;
  /** What the program keeps and cannot make again. */
  readonly data: string;
  /** What it can make again. */
  readonly cache: string;
  readonly log: string;
}

/** Sallyport's folders by the platform's convention; absolute, not created. */
export function appFolders(): AppFolders {
  const { config, data, cache, log } = envPaths('sallyport', { suffix: '' });
  return { config, data, cache, log };
}
