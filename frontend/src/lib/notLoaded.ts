/** A part of the dashboard whose file did not come: of a page, a dialog or the command palette. */

export const WHY_NOT_LOADED = "The network is away, or a newer version has replaced its file.";

export class NotLoaded extends Error {
  constructor(cause: unknown) {
    super(WHY_NOT_LOADED, { cause });
    this.name = "NotLoaded";
  }
}

/** Loads a file, and fails with NotLoaded: for an import's own error the router would reload the window, unasked. */
export async function loadPart<Module>(load: () => Promise<Module>): Promise<Module> {
  try {
    return await load();
  } catch (error) {
    throw new NotLoaded(error);
  }
}
