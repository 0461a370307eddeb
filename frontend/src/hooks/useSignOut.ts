/** How the reader signs out, from App. */
import { createContext, use } from "react";

/** Does nothing where nobody has signed in, as in a component's test. */
export const SignOutContext = createContext<() => void>(() => undefined);

export const useSignOut = (): (() => void) => use(SignOutContext);
