using ChunkSync.Frontier;
using ChunkSync.Sqlite;

namespace ChunkSync.Trees;

/// <summary>Goes over the operations that travel, in order.</summary>
/// <param name="store">Reads them.</param>
/// <param name="rows">The query: lamport, site, node, parent, pos.</param>
internal sealed class CarrierScan(TreeStore store, Statement rows)
{
    /// <summary>Whether the query stands at a row that no page has got.</summary>
    private bool isAtRow;

    /// <inheritdoc cref="ITreeStore.OpenCarrier"/>
    public void Open()
    {
        rows.Reset();
        isAtRow = false;
    }

    /// <inheritdoc cref="ITreeStore.ReadCarrier"/>
    public bool Read(LogPage page, int limit)
    {
        while (true)
        {
            if (!isAtRow && !rows.Step())
            {
                rows.Reset();
                return false;
            }

            isAtRow = true;
            if (store.TryRead(rows, out TreeOperation operation))
            {
                if (page.Count >= limit && operation.Stamp != page[page.Count - 1].Operation.Stamp)
                {
                    return true;
                }

                page.Add(new LogRow(operation, default, false));
            }

            isAtRow = false;
        }
    }

    /// <inheritdoc cref="ITreeStore.CloseCarrier"/>
    public void Close() => rows.Reset();
}
