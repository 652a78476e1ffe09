using ChunkSync.Frontier;
using ChunkSync.Sqlite;

namespace ChunkSync.Tests.Frontier;

/// <summary>A tree's log and nodes in managed memory, for histories by the thousand, with the carrier beside it and what a trigger would write about
/// what came and went.</summary>
internal sealed class MemoryTreeStore : ITreeStore, IDisposable
{
    private readonly Dictionary<string, long> numbers = [];
    private readonly List<object> keys = [];
    private readonly List<NodeState> nodes = [];
    private readonly SortedDictionary<string, NaiveOperation> carrier = new(StringComparer.Ordinal);
    private readonly Dictionary<string, bool> pending = [];
    private readonly Dictionary<string, NaiveOperation> known = [];
    private readonly List<LogRow> log = [];
    private List<TreeOperation> scan = [];
    private int scanned;

    public PositionPool Positions { get; private set; } = new();

    /// <summary>The log, in no order within a stamp.</summary>
    public IReadOnlyList<LogRow> Log => log;

    /// <summary>What has come or gone and is not folded in.</summary>
    public int PendingCount => pending.Count;

    /// <summary>Rows of the log that the engine has in memory at once.</summary>
    public int PageRows { get; init; } = 4096;

    /// <summary>How many operations a fold takes in at once.</summary>
    public int AtOnce { get; set; } = int.MaxValue;

    /// <summary>Steps up that the engine takes one by one.</summary>
    public long Steps { get; init; } = Nodes.Steps;

    /// <summary>Rows of the log that were read.</summary>
    public long RowsRead { get; private set; }

    /// <summary>Up to where the log was compacted.</summary>
    public long? Floor { get; private set; }

    /// <summary>Stores an operation in the carrier.</summary>
    public void Store(NaiveOperation operation)
    {
        known[operation.Identity] = operation;
        if (carrier.TryAdd(operation.Identity, operation) && (!IsInLog(operation) || pending.ContainsKey(operation.Identity)))
        {
            pending[operation.Identity] = true;
        }
    }

    /// <summary>Takes one out.</summary>
    public void Retract(NaiveOperation operation)
    {
        if (carrier.Remove(operation.Identity))
        {
            pending[operation.Identity] = false;
        }
    }

    /// <summary>Folds in what is pending.</summary>
    public FoldResult Fold()
    {
        using PendingList list = new();
        foreach ((string identity, bool isPresent) in pending.OrderBy(pair => known[pair.Key]))
        {
            NaiveOperation operation = known[identity];
            if (NaiveTree.IsVoid(operation))
            {
                pending.Remove(identity);
            }
            else
            {
                list.Add(new PendingOperation(Convert(operation), isPresent));
            }
        }

        List<string> order = [.. pending.Keys.OrderBy(key => known[key])];
        using Fold fold = new(this, PageRows, Steps);
        for (int i = 0; (i < list.Count || i == 0) && !fold.IsRebuilt && fold.HeldFrom == null;)
        {
            using PendingList part = new();
            for (; i < list.Count && (part.Count < AtOnce || list[i].Operation.Stamp == list[i - 1].Operation.Stamp); i++)
            {
                part.Add(list[i]);
            }

            fold.Run(part, Floor);
            if (list.Count == 0)
            {
                break;
            }
        }

        if (!fold.IsRebuilt)
        {
            foreach (string identity in order.Where(identity => !pending[identity] || known[identity].Lamport < (fold.HeldFrom ?? long.MaxValue)))
            {
                pending.Remove(identity);
            }
        }

        return fold.Result;
    }

    /// <summary>Takes an operation in as a user's own; false where it is refused.</summary>
    public bool Append(NaiveOperation operation)
    {
        known[operation.Identity] = operation;
        using Fold fold = new(this);
        if (!fold.TryAppend(Convert(operation)))
        {
            return false;
        }

        carrier.Add(operation.Identity, operation);
        return true;
    }

    /// <summary>Drops rows of the log up to a clock value, but those with the newest stamp.</summary>
    public void Compact(long lamport)
    {
        OperationStamp newest = log[^1].Operation.Stamp;
        log.RemoveAll(row => row.Operation.Stamp.Lamport <= lamport && row.Operation.Stamp != newest);
        Floor = lamport;
    }

    /// <summary>As after closing and opening the database: what is kept is values, not numbers of a pool.</summary>
    public void Reopen()
    {
        PositionPool fresh = new();
        for (int i = 0; i < log.Count; i++)
        {
            TreeOperation operation = log[i].Operation;
            operation = operation with { Place = Move(operation.Place, fresh) };
            log[i] = log[i] with { Operation = operation, Undo = Move(log[i].Undo, fresh) };
        }

        for (int i = 0; i < nodes.Count; i++)
        {
            nodes[i] = nodes[i] with { Place = Move(nodes[i].Place, fresh) };
        }

        Positions.Dispose();
        Positions = fresh;
    }

    /// <summary>The places of all nodes that anything names, by the identities of their keys.</summary>
    public Dictionary<string, string> Places()
    {
        Dictionary<string, string> places = [];
        for (int i = 0; i < keys.Count; i++)
        {
            places[NaiveOperation.Key(keys[i])] = Describe(nodes[i].Place);
        }

        return places;
    }

    /// <summary>A place in the words of <see cref="NaiveTree.Describe"/>.</summary>
    public string Describe(in TreePlace place)
    {
        ReadOnlySpan<byte> position = Positions.Bytes(place.Position, stackalloc byte[16]);
        string parent = place.Parent == TreeLimits.Root ? "root" : NaiveOperation.Key(keys[(int)place.Parent - 1]);
        return $"{parent} at {(position.IsEmpty ? "NULL" : System.Convert.ToHexString(position))}";
    }

    /// <summary>What tells an operation of the log from others.</summary>
    public string Identity(in TreeOperation operation)
    {
        Span<byte> site = stackalloc byte[16];
        operation.Stamp.WriteSite(site);
        using NativeBuffer content = new();
        AppendContent(operation, content);
        return $"{operation.Stamp.Lamport}|{System.Convert.ToHexStringLower(site)}|{System.Convert.ToHexString(content.Bytes)}";
    }

    public bool TryReadHead(out OperationStamp stamp)
    {
        stamp = log.Count > 0 ? log[^1].Operation.Stamp : default;
        return log.Count > 0;
    }

    public NodeState ReadNode(long node) => nodes[(int)node - 1];

    public void WriteNode(long node, in TreePlace place) => nodes[(int)node - 1] = nodes[(int)node - 1] with { Place = place };

    public void MarkParent(long node) => nodes[(int)node - 1] = nodes[(int)node - 1] with { WasParent = true };

    public void ReadLog(in OperationStamp from, bool isAfter, LogPage page, int limit)
    {
        int first = LowerBound(from);
        while (isAfter && first < log.Count && log[first].Operation.Stamp == from)
        {
            first++;
        }

        for (int i = first; i < log.Count && (page.Count < limit || log[i].Operation.Stamp == log[i - 1].Operation.Stamp); i++)
        {
            page.Add(log[i]);
            RowsRead++;
        }
    }

    public void OpenCarrier()
    {
        scan = [.. carrier.Values.Where(operation => !NaiveTree.IsVoid(operation)).Order().Select(Convert)];
        scanned = 0;
    }

    public bool ReadCarrier(LogPage page, int limit)
    {
        while (scanned < scan.Count && (page.Count < limit || scan[scanned].Stamp == scan[scanned - 1].Stamp))
        {
            page.Add(new LogRow(scan[scanned++], default, false));
        }

        return scanned < scan.Count;
    }

    public void CloseCarrier() => scan = [];

    public bool Contains(in TreeOperation operation)
    {
        for (int i = LowerBound(operation.Stamp); i < log.Count && log[i].Operation.Stamp == operation.Stamp; i++)
        {
            if (log[i].Operation == operation)
            {
                return true;
            }
        }

        return false;
    }

    public bool HasStamp(in OperationStamp stamp)
    {
        int at = LowerBound(stamp);
        return at < log.Count && log[at].Operation.Stamp == stamp;
    }

    public void ReadBefore(long node, in OperationStamp stamp, LogPage page)
    {
        for (int i = LowerBound(stamp) - 1; i >= 0 && page.Count < 2; i--)
        {
            if (log[i].Operation.Node == node)
            {
                page.Add(log[i]);
            }
        }
    }

    public void ReadBehind(long node, in OperationStamp stamp, LogPage page)
    {
        bool isCovered = false;
        for (int i = LowerBound(stamp); i < log.Count; i++)
        {
            if (log[i].Operation.Node == node && log[i].Operation.Stamp > stamp)
            {
                page.Add(log[i]);
                if (isCovered)
                {
                    return;
                }

                isCovered = log[i].IsEffective;
            }
        }
    }

    public long ClockBefore(in OperationStamp stamp)
    {
        int at = LowerBound(stamp);
        return Math.Max(Math.Max(0, Floor ?? 0), at == 0 ? 0 : log[at - 1].Operation.Stamp.Lamport);
    }

    public void Insert(in LogRow row) => log.Insert(LowerBound(row.Operation.Stamp), row);

    public void Update(in LogRow row) => log[Find(row.Operation)] = row;

    public void Delete(in TreeOperation operation) => log.RemoveAt(Find(operation));

    public void Clear()
    {
        log.Clear();
        pending.Clear();
        Floor = null;
        for (int i = 0; i < nodes.Count; i++)
        {
            nodes[i] = default;
        }
    }

    public void Hold(in TreeOperation operation) => pending[Identity(operation)] = true;

    public void AppendContent(in TreeOperation operation, NativeBuffer target)
    {
        object node = keys[(int)operation.Node - 1];
        object parent = operation.Place.Parent == TreeLimits.Root ? node : keys[(int)operation.Place.Parent - 1];
        ReadOnlySpan<byte> position = Positions.Bytes(operation.Place.Position, stackalloc byte[16]);
        target.Append([3, .. NaiveOperation.Encode(node), .. NaiveOperation.Encode(parent), .. position.IsEmpty ? NaiveOperation.Encode(Array.Empty<byte>()) : position]);
    }

    public void Dispose() => Positions.Dispose();

    private TreePlace Move(in TreePlace place, PositionPool fresh) =>
        place with { Position = fresh.Intern(Positions.Bytes(place.Position, stackalloc byte[16])) };

    private bool IsInLog(NaiveOperation operation) => !NaiveTree.IsVoid(operation) && Contains(Convert(operation));

    private TreeOperation Convert(NaiveOperation operation)
    {
        long node = Number(operation.Node);
        long parent = Number(operation.Parent);
        byte[] position = operation.Position is byte[] { Length: 0 } ? [] : NaiveOperation.Encode(operation.Position);
        return new TreeOperation(OperationStamp.Of(operation.Lamport, System.Convert.FromHexString(operation.Site)), node,
            new TreePlace(parent == node ? TreeLimits.Root : parent, Positions.Intern(position)));
    }

    private long Number(object key)
    {
        string identity = NaiveOperation.Key(key);
        if (!numbers.TryGetValue(identity, out long number))
        {
            keys.Add(key);
            nodes.Add(default);
            number = keys.Count;
            numbers.Add(identity, number);
        }

        return number;
    }

    private int Find(in TreeOperation operation)
    {
        int at = LowerBound(operation.Stamp);
        while (log[at].Operation != operation)
        {
            at++;
        }

        return at;
    }

    private int LowerBound(in OperationStamp stamp)
    {
        int low = 0;
        int high = log.Count;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (log[middle].Operation.Stamp < stamp)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
