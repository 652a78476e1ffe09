using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Session;

namespace ChunkSync.Changes;

/// <summary>The ordered stream of changes over all tracked tables: one <see cref="TableStream"/> per table, merged by a small
/// heap. One open scan owns one stream; closed ones are kept for the next.</summary>
internal sealed unsafe class ChangeStream : IChangeSource, IDisposable
{
    /// <summary>Tables whose rows may be walked along side by side.</summary>
    private const int MaxWalking = 64;

    private readonly TableStream[] tables;
    private readonly TableStream[] heap;
    private int heapCount;

    /// <summary>The table whose base row may be open.</summary>
    private TableStream? loaded;
    private ScanRange? range;
    private bool started;

    public ChangeStream(SyncSession session, TableCatalog catalog, TableKeys keys, LargeValueCache large)
    {
        Generation = session.Generation;
        tables = [.. catalog.All.Select(table => new TableStream(session, keys, large, table))];
        heap = new TableStream[tables.Length];
    }

    /// <summary>The metadata that the stream was made from.</summary>
    public int Generation { get; }

    public ref readonly ChangeRow Current => ref heap[0].Current;

    public int TableOrder => heap[0].Table.CreationOrder;

    /// <summary>Sets what the scan covers; nothing is read yet.</summary>
    public void Start(ScanRange scan)
    {
        End();
        range = scan;
    }

    public bool MoveNext()
    {
        if (started)
        {
            Advance();
        }
        else
        {
            started = true;
            Open();
        }

        while (heapCount > 0)
        {
            if (heap[0] != loaded)
            {
                loaded?.Rest(closesAll: heapCount > MaxWalking);
                loaded = heap[0];
            }

            if (loaded.TryLoad())
            {
                return true;
            }

            Advance();
        }

        return false;
    }

    private void Advance()
    {
        if (!heap[0].MoveNext())
        {
            heap[0].End();
            heap[0] = heap[--heapCount];
        }

        SiftDown(0);
    }

    public void ReadData(long offset, byte* target, int length) => heap[0].ReadData(offset, target, length);

    public bool TryRecallChecksum(out ulong checksum) => heap[0].TryRecallChecksum(out checksum);

    public void RememberChecksum(ulong checksum) => heap[0].RememberChecksum(checksum);

    /// <summary>Ends the scan: no statement stays active.</summary>
    public void End()
    {
        foreach (TableStream table in tables)
        {
            table.End();
        }

        heapCount = 0;
        loaded = null;
        started = false;
        range = null;
    }

    public void Dispose()
    {
        foreach (TableStream table in tables)
        {
            table.Dispose();
        }
    }

    private void Open()
    {
        ScanRange scan = range!;
        if (scan.Filter == SiteFilter.None || scan.FromDbVersion > scan.ToDbVersion)
        {
            return;
        }

        foreach (TableStream table in tables)
        {
            if (scan.OnlyTable != null && !table.Table.NameUtf8.AsSpan().SequenceEqual(scan.OnlyTable))
            {
                continue;
            }

            table.Start(scan, isOneOfFew: tables.Length <= MaxWalking);
            if (table.MoveNext())
            {
                heap[heapCount++] = table;
            }
            else
            {
                table.End();
            }
        }

        for (int i = (heapCount / 2) - 1; i >= 0; i--)
        {
            SiftDown(i);
        }
    }

    private void SiftDown(int parent)
    {
        while (true)
        {
            int child = (2 * parent) + 1;
            if (child >= heapCount)
            {
                return;
            }

            if (child + 1 < heapCount && Before(heap[child + 1], heap[child]))
            {
                child++;
            }

            if (!Before(heap[child], heap[parent]))
            {
                return;
            }

            (heap[parent], heap[child]) = (heap[child], heap[parent]);
            parent = child;
        }
    }

    private static bool Before(TableStream left, TableStream right)
    {
        ref readonly ChangeRow a = ref left.Current;
        ref readonly ChangeRow b = ref right.Current;
        if (a.DbVersion != b.DbVersion)
        {
            return a.DbVersion < b.DbVersion;
        }

        return a.Seq != b.Seq ? a.Seq < b.Seq : left.Table.CreationOrder < right.Table.CreationOrder;
    }
}
