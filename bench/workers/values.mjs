// The values that every worker keeps: 1 KB of JSON.

/** A counter, a user and a cart; JSON.stringify of it is 1,024 characters. */
export const values = {
  counter: 1,
  user: { id: 4711, name: "Ada Lovelace", email: "ada@example.com", roles: ["customer", "editor"], locale: "en-GB" },
  cart: Array.from({ length: 8 }, (_, index) => ({ sku: `sku-${1000 + index}`, title: `A thing of beauty, number ${index + 1}`, quantity: 1 + (index % 3), cents: 1999 })),
  theme: "dark",
  note: "",
};
values.note = "n".repeat(1024 - JSON.stringify(values).length);

/** 32 bytes and more, as every library asks. */
export const SECRET = "a secret of the benchmark, which nobody else uses";
