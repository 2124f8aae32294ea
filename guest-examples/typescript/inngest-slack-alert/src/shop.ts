// Stands for the shop's API and the database, so that the example runs by itself.

export interface Product {
  sku: string;
}

export async function fetchProducts(storeId: string): Promise<Product[]> {
  return [{ sku: `${storeId}-1` }, { sku: `${storeId}-2` }];
}

/** The database is never there. */
export async function saveProducts(products: Product[], runId: string): Promise<void> {
  throw new RangeError(`${products.length} products of run ${runId} do not fit`);
}
