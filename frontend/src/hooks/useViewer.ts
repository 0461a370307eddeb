/** Who is signed in, and what their role may not do. Asked once; components share the answer. */
import { useQuery } from "@apollo/client/react";
import { type Role, ViewerDocument, type ViewerQuery } from "@/generated/graphql";
import { whyNot } from "@/lib/roles";

/** Null until the API has answered. */
export function useViewer(): ViewerQuery["viewer"] | null {
  const { data } = useQuery(ViewerDocument);
  return data?.viewer ?? null;
}

/** Why the reader may not do what takes that role, or null. */
export const useWhyNot = (needed: Role): string | null => whyNot(useViewer()?.role ?? null, needed);
