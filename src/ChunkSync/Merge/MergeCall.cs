using ChunkSync.Format;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>One call that merges what others sent: what of it was refused and is aside until the end, and what is known of how its writes
/// behave. It outlives the attempts of the call: a later one knows what an earlier one has learned.</summary>
internal sealed unsafe class MergeCall : IDisposable
{
    /// <summary>Why a group is not tried at which a trigger of the user's rolled everything back.</summary>
    public const string RollsBack = "a trigger rolls the transaction back";

    /// <summary>How often a call begins anew because a trigger of the user's rolled its transaction back.</summary>
    private const int MaxRollbacks = 16;

    private readonly NativeBuffer asides = new();
    private readonly NativeBuffer copies = new();
    private HashSet<string>? traced;
    private HashSet<long>? untried;
    private readonly NativeBuffer formers = new();
    private long former = -1;
    private Dictionary<long, ParkedColumns>? parked;
    private readonly List<string> texts = [];
    private int rollbacks;

    /// <summary>Begins a call.</summary>
    /// <param name="keeps">Whether what is refused is kept and waits; otherwise it stops the call.</param>
    /// <param name="origin">Who sent it; empty where that is not known.</param>
    public MergeCall(bool keeps, byte[] origin)
    {
        Keeps = keeps;
        Origin = origin;
    }

    /// <summary>Whether what is refused is kept and waits; otherwise it stops the call.</summary>
    public bool Keeps { get; }

    /// <summary>The sender's site id; empty where it is not known.</summary>
    public byte[] Origin { get; }

    /// <summary>Whether each group is looked at for foreign keys that are deferred to the end of the transaction.</summary>
    public bool ChecksDeferred { get; set; }

    /// <summary>Whether some groups are written with a savepoint each, or not at all.</summary>
    public bool IsCareful => ChecksDeferred || traced != null || untried != null;

    /// <summary>Whether the transaction was rolled back by a trigger, and the call can begin anew in another one.</summary>
    public bool CanBeginAnew { get; private set; }

    /// <summary>The groups that are aside, in the order in which they came.</summary>
    public ReadOnlySpan<AsideGroup> Asides => new(asides.Data, (int)(asides.Length / sizeof(AsideGroup)));

    /// <summary>What setting <c>apply_refused</c> says of a call.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="byDefault">What holds where it is not set.</param>
    public static bool KeepsBy(Settings settings, bool byDefault) => settings.Text(Settings.ApplyRefused) is not string policy
        ? byDefault
        : AsciiNames.Same(System.Text.Encoding.UTF8.GetBytes(policy), "wait"u8);

    /// <summary>Puts a group aside.</summary>
    public void Add(in AsideGroup group)
    {
        byte* place = asides.Reserve(sizeof(AsideGroup));
        *(AsideGroup*)place = group;
        asides.Commit(sizeof(AsideGroup));
    }

    /// <summary>Puts a single change aside whose bytes do not stay.</summary>
    public void AddCopy(in ChangeRow change, RefusalReason unknown)
    {
        Check.That(copies.Length == 0);
        copies.Commit(ChangeRowCodec.Write(copies.Reserve(ChangeRowCodec.SizeOf(change)), change, out _));
        Add(new AsideGroup { Rows = copies.Data, Count = 1, Unknown = unknown });
    }

    /// <summary>Puts a group aside that was refused, with the reason.</summary>
    /// <param name="group">The group.</param>
    /// <param name="refusals">The reason.</param>
    /// <param name="writtenRows">What the session has written so far.</param>
    public void Add(in AsideGroup group, Refusals refusals, int writtenRows)
    {
        FirstRefusedAt ??= writtenRows;
        Add(group with { Code = (short)refusals.Code, Text = NoteText(refusals.Text) });
    }

    /// <summary>What the session had written (<see cref="SyncSession.WrittenRows"/>) when a group was refused first; null before.</summary>
    public int? FirstRefusedAt { get; private set; }

    /// <summary>Keeps a message. There are few, unless a trigger makes them.</summary>
    /// <returns>Its number; 0 where there are too many.</returns>
    public byte NoteText(string text)
    {
        int number = texts.LastIndexOf(text);
        if (number < 0 && texts.Count < byte.MaxValue)
        {
            number = texts.Count;
            texts.Add(text);
        }

        return (byte)(number + 1);
    }

    /// <summary>The message of a number; null for 0.</summary>
    public string? TextOf(byte number) => number == 0 ? null : texts[number - 1];

    /// <summary>Forgets what is aside: the call begins anew, or another part of it.</summary>
    public void Clear()
    {
        asides.Clear();
        copies.Clear();
        Unpark();
        FirstRefusedAt = null;
        texts.Clear();
        CanBeginAnew = false;
    }

    /// <summary>Whether a table's refused rows leave traces: each of its groups gets a savepoint of its own.</summary>
    public bool IsTraced(string table) => traced != null && traced.Contains(table);

    /// <summary>Notes that a table's refused rows leave traces.</summary>
    public void Trace(string table) => (traced ??= new HashSet<string>(StringComparer.OrdinalIgnoreCase)).Add(table);

    /// <summary>The value columns of a row that hold placeholders, each as often as it was given one; null for none.</summary>
    /// <param name="row">A hash of the row (<see cref="GroupWriter.Identity"/>).</param>
    public ParkedColumns? ParkedOf(long row) => parked?.GetValueOrDefault(row);

    /// <summary>Keeps what is stored in a column that is about to get a placeholder, where it is asked for.</summary>
    /// <param name="row">The row in progress.</param>
    /// <param name="column">The value column.</param>
    /// <param name="isAsked">Whether it is.</param>
    public void KeepFormer(RowMerger row, int column, bool isAsked)
    {
        former = isAsked ? formers.Length : -1;
        if (isAsked)
        {
            row.CopyStored(column, formers);
        }
    }

    /// <summary>Notes that a value column of a row holds a placeholder, and what <see cref="KeepFormer"/> has kept of it.</summary>
    public void Park(long row, int column)
    {
        parked ??= [];
        if (!parked.TryGetValue(row, out ParkedColumns? columns))
        {
            parked.Add(row, columns = new ParkedColumns(formers));
        }

        columns.Add(column, former);
    }

    /// <summary>No row holds a placeholder any more.</summary>
    public void Unpark()
    {
        parked = null;
        formers.Clear();
    }

    /// <summary>Whether a group is not to be tried: a trigger of the user's rolls the transaction back at it.</summary>
    /// <param name="group">A hash of it.</param>
    public bool IsUntried(long group) => untried != null && untried.Contains(group);

    /// <summary>Notes that a trigger of the user's rolled the transaction back at a group: the next attempt leaves it out.</summary>
    /// <param name="group">A hash of it.</param>
    /// <param name="failure">What the call fails with where it cannot begin anew.</param>
    /// <returns>The end of this attempt, to be thrown.</returns>
    public AttemptFailedException RolledBack(long group, EngineException failure)
    {
        (untried ??= []).Add(group);
        CanBeginAnew = ++rollbacks <= MaxRollbacks;
        return new AttemptFailedException(failure);
    }

    /// <summary>Notes that foreign keys are violated that are looked at when the transaction ends: the next attempt looks behind each group.</summary>
    public AttemptFailedException Violated()
    {
        ChecksDeferred = true;
        CanBeginAnew = true;
        return new AttemptFailedException(new EngineException(ResultCode.ConstraintForeignKey, "FOREIGN KEY constraint failed"));
    }

    /// <summary>Notes that a refused write of a table left traces: the next attempt writes its rows in savepoints.</summary>
    /// <param name="table">Its name.</param>
    /// <param name="failure">What the call fails with where it cannot begin anew.</param>
    /// <returns>The end of this attempt, to be thrown.</returns>
    public AttemptFailedException Traced(string table, EngineException failure)
    {
        Trace(table);
        return new AttemptFailedException(failure);
    }

    public void Dispose()
    {
        asides.Dispose();
        copies.Dispose();
        formers.Dispose();
    }
}
