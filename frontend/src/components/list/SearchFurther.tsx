/** Has a search that stopped early go on from where it did. */
import { Button } from "@mantine/core";
import type { ReactElement } from "react";
import type { TaskList } from "@/hooks/useTaskList";

export function SearchFurther({ list }: { readonly list: TaskList }): ReactElement {
  return (
    <Button size="compact-xs" variant="default" loading={list.isLoadingMore} onClick={list.loadMore}>
      Search further
    </Button>
  );
}
