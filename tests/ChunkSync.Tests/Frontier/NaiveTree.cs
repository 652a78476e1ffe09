using System.Text;

namespace ChunkSync.Tests.Frontier;

/// <summary>The model: all operations, sorted, replayed from nothing with a check for cycles.</summary>
internal sealed class NaiveTree
{
    private const long Top = 1L << 62;
    private const long Gap = 1L << 32;

    private readonly Dictionary<string, (string? Parent, object? Position)> places = [];

    private NaiveTree()
    {
    }

    /// <summary>Operations that count, in order.</summary>
    public List<NaiveOperation> Counted { get; } = [];

    /// <summary>Whether each of them moved its node.</summary>
    public List<bool> Effective { get; } = [];

    /// <summary>Where the node of each of them was before it.</summary>
    public List<(string? Parent, object? Position)> Undo { get; } = [];

    /// <summary>Those that never count.</summary>
    public HashSet<string> Void { get; } = [];

    /// <summary>Those that do not count yet.</summary>
    public HashSet<string> Held { get; } = [];

    /// <summary>Where the nodes are, by the identities of their keys.</summary>
    public IReadOnlyDictionary<string, (string? Parent, object? Position)> Places => places;

    /// <summary>Replays a set of operations.</summary>
    public static NaiveTree Replay(IEnumerable<NaiveOperation> operations)
    {
        NaiveTree tree = new();
        long clock = 0;
        foreach (NaiveOperation operation in operations.DistinctBy(operation => operation.Identity).Order())
        {
            if (IsVoid(operation))
            {
                tree.Void.Add(operation.Identity);
            }
            else if (operation.Lamport > clock + Gap)
            {
                tree.Held.Add(operation.Identity);
            }
            else
            {
                clock = Math.Max(clock, operation.Lamport);
                tree.Apply(operation);
            }
        }

        return tree;
    }

    /// <summary>Whether an operation never counts.</summary>
    public static bool IsVoid(NaiveOperation operation) =>
        operation.Lamport is < -Top or >= Top || operation.Site.Length != 32 || operation.Node is double || operation.Parent is double
        || new[] { operation.Node, operation.Parent, operation.Position }.Any(value => Size(value) > 4096);

    /// <summary>A place in words.</summary>
    public static string Describe((string? Parent, object? Position) place) =>
        $"{place.Parent ?? "root"} at {(place.Position == null ? "NULL" : NaiveOperation.Key(place.Position))}";

    private static int Size(object value) => value switch { string text => Encoding.UTF8.GetByteCount(text), byte[] blob => blob.Length, _ => 8 };

    private void Apply(NaiveOperation operation)
    {
        string node = NaiveOperation.Key(operation.Node);
        string named = NaiveOperation.Key(operation.Parent);
        string? up = named == node ? null : named;
        places.TryAdd(node, (null, null));
        if (up != null)
        {
            places.TryAdd(up, (null, null));
        }

        string? walk = up;
        while (walk != null && walk != node)
        {
            walk = places[walk].Parent;
        }

        Counted.Add(operation);
        Effective.Add(walk == null);
        Undo.Add(places[node]);
        if (walk == null)
        {
            places[node] = (up, operation.Position is byte[] { Length: 0 } ? null : operation.Position);
        }
    }
}
