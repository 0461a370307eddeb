/** The dashboard as the API opens it; the sign-in page where the API wants a token. The address stays the same. */
import { ApolloProvider } from "@apollo/client/react";
import { MantineProvider } from "@mantine/core";
import { notifications, Notifications } from "@mantine/notifications";
import { RouterProvider } from "@tanstack/react-router";
import { type ReactElement, useEffect, useSyncExternalStore } from "react";
import type { Api } from "@/apollo/api";
import type { Session } from "@/apollo/session";
import { SignOutContext } from "@/hooks/useSignOut";
import { nonce } from "@/lib/nonce";
import { theme } from "@/lib/theme";
import { router } from "@/router";
import { LiveProvider } from "./LiveProvider";
import { SignIn } from "./signIn/SignIn";

export function App({ session }: { readonly session: Session<Api> }): ReactElement {
  const { api, why } = useSyncExternalStore(session.subscribe, session.get);
  useEffect(() => {
    if (!api) notifications.clean(); // whoever signs in next may be somebody else
  }, [api]);
  return (
    <MantineProvider theme={theme} defaultColorScheme="auto" getStyleNonce={() => nonce}>
      {api ? (
        <ApolloProvider client={api.client}>
          <Notifications position="bottom-right" limit={4} zIndex={400} containerWidth={340} />
          <SignOutContext value={session.signOut}>
            <LiveProvider live={api.live}>
              <RouterProvider router={router} />
            </LiveProvider>
          </SignOutContext>
        </ApolloProvider>
      ) : (
        <SignIn why={why} onSignIn={session.signIn} />
      )}
    </MantineProvider>
  );
}
