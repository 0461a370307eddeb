/** The token in this tab's storage, where the reader asked to keep it there. Never in localStorage, never in an address. */

const KEY = "taskflow.token";

/** Null where none is kept. */
export function recallToken(): string | null {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null; // storage can be forbidden
  }
}

export function keepToken(token: string): void {
  try {
    sessionStorage.setItem(KEY, token);
  } catch {
    // a browser that stores nothing asks again after a reload
  }
}

export function forgetToken(): void {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // where nothing can be stored, nothing is
  }
}
