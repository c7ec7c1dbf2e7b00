/** Of the resources that are ours. */
export const OWN_GROUP = "meshscript.io";
