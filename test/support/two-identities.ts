import { createAuthority } from "../../harness/index.ts";

/** Who the tests of a mesh need: an authority, reviews in `default` that serves, and productpage in `shop` that calls. */
export async function twoIdentities() {
  const authority = await createAuthority();
  const server = await authority.issue({ serviceAccount: "reviews" });
  const client = await authority.issue({ namespace: "shop", serviceAccount: "productpage" });
  return { authority, server, client };
}
