using ChunkSync.Catalog;
using ChunkSync.Clock;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Merge;

/// <summary>Finds the row of a key that SQLite may take for another one, or store with other bytes: one row is meant by all keys that are
/// equal to it.</summary>
/// <remarks>A row's clocks are under the bytes that it is stored with. The row's causal length is the highest of all equal keys: a
/// tombstone under other bytes ends it, and a new life begins above every tombstone. Which bytes the row has is decided like everything
/// else, by what was received and not by when: those of the highest causal length, among equals those that come first. So replicas end with
/// the same bytes. A change whose bytes win moves the row to them, with clocks that are sent again; where they lose, and nothing of our own
/// says which bytes won, a sentinel says it to those who have the others.</remarks>
internal sealed unsafe class KeyResolver : IDisposable
{
    private readonly Connection connection;
    private readonly VersionClock clock;
    private readonly TrackedTable table;
    private readonly bool hasTombstones;
    private readonly KeyRules rules;
    private readonly KeyForms forms;
    private readonly KeyCeiling ceiling;
    private readonly Statement stored;
    private readonly Statement rename;
    private readonly Statement absorb;
    private readonly Statement forget;
    private readonly Statement columnsOf;
    private readonly Statement move;
    private readonly Statement moveBlocks;
    private readonly Statement isAnnounced;
    private readonly Statement announce;
    private readonly Statement touch;
    private readonly KeyBuffer asked;
    private readonly KeyBuffer home;
    private readonly KeyFormList known = new();
    private readonly ByteStringList names = new();

    /// <summary>Prepares the statements of a table.</summary>
    /// <param name="connection">The connection.</param>
    /// <param name="keys">How keys compare.</param>
    /// <param name="clock">The clock that moved clocks take versions from.</param>
    /// <param name="clocks">What knows which keys are new.</param>
    /// <param name="table">The table.</param>
    /// <param name="hasTombstones">Whether a delete ends a row: a tombstone's bytes can win then.</param>
    public KeyResolver(Connection connection, TableKeys keys, VersionClock clock, LocalClocks clocks, TrackedTable table, bool hasTombstones)
    {
        this.connection = connection;
        this.clock = clock;
        this.table = table;
        this.hasTombstones = hasTombstones;
        rules = keys.Rules(table);
        forms = rules.Forms(connection, table);
        ceiling = clocks.Ceiling(table);
        asked = new KeyBuffer(connection);
        home = new KeyBuffer(connection);
        int count = table.KeyColumns.Length;
        string condition = string.Join(" AND ", rules.Conditions);
        string clockTable = table.QuotedClock;
        stored = Prepare(
            $"SELECT {string.Join(", ", table.KeyColumns.Select(column => column.Quoted))} FROM {table.Quoted} WHERE {condition}");
        rename = Prepare($"UPDATE {table.Quoted} SET"
            + $" {string.Join(", ", table.KeyColumns.Select((column, i) => $"{column.Quoted} = ?{count + i + 1}"))} WHERE {condition}");
        absorb = Prepare(
            $"INSERT INTO {clockTable}(pk, col_name, col_version, db_version, site_id, seq)"
            + $" SELECT ?1, col_name, col_version, ?3, site_id, seq FROM {clockTable} WHERE pk = ?2 AND true"
            + " ON CONFLICT(pk, col_name) DO UPDATE SET col_version = excluded.col_version, db_version = excluded.db_version,"
            + " site_id = excluded.site_id, seq = excluded.seq WHERE excluded.col_version > col_version");
        forget = Prepare($"DELETE FROM {clockTable} WHERE pk = ?1");
        columnsOf = Prepare($"SELECT col_name FROM {clockTable} WHERE pk = ?1 ORDER BY col_name");
        move = Prepare($"UPDATE {clockTable} SET pk = ?1, db_version = ?2, seq = ?3 WHERE pk = ?4 AND col_name = ?5");
        moveBlocks = Prepare($"UPDATE {table.QuotedBlocks} SET pk = ?1 WHERE pk = ?2");
        isAnnounced = Prepare(
            $"SELECT 1 FROM {clockTable} WHERE pk = ?1 AND col_name = '{SentinelColumn.Name}' AND site_id = {SiteDirectory.LocalOrdinal}");
        announce = Prepare($"INSERT OR REPLACE INTO {clockTable}(pk, col_name, col_version, db_version, site_id, seq)"
            + $" VALUES (?1, '{SentinelColumn.Name}', ?2, ?3, {SiteDirectory.LocalOrdinal}, ?4)");
        touch = Prepare(
            $"UPDATE {clockTable} SET db_version = ?2, seq = ?3, site_id = {SiteDirectory.LocalOrdinal} WHERE pk = ?1 AND col_name = ?4");
    }

    /// <summary>The key that a change is merged under. The row's clocks are under it then, and it is what the row has, or will have.</summary>
    /// <param name="change">The change; its key is well-formed.</param>
    /// <returns>The key: valid until the next call.</returns>
    public NativeBytes Resolve(in ChangeRow change)
    {
        rules.Store(change.KeyBytes, asked);
        return Home(change).Native;
    }

    /// <summary>The key whose clocks tell what is known of a key's row; nothing is written.</summary>
    public ReadOnlySpan<byte> Find(NativeBytes key)
    {
        rules.Store(key, asked);
        return ReadStored() ? home.Bytes : asked.Bytes;
    }

    public void Dispose()
    {
        foreach (Statement statement in (Statement[])[stored, rename, absorb, forget, columnsOf, move, moveBlocks, isAnnounced, announce, touch])
        {
            statement.Dispose();
        }

        asked.Dispose();
        home.Dispose();
        known.Dispose();
        names.Dispose();
    }

    /// <summary>What is bound are the two buffers, which stay.</summary>
    private Statement Prepare(string sql) => connection.Prepare(sql, lastingBindings: true);

    private KeyBuffer Home(in ChangeRow change)
    {
        bool isConverted = !asked.Bytes.SequenceEqual(change.KeyBlob);
        bool isStored = ReadStored();
        bool isHome = isStored && home.Bytes.SequenceEqual(asked.Bytes);
        if (isHome && !isConverted && forms.CausalLength(asked.Bytes) is long alive && (alive & 1) == 1)
        {
            return asked;
        }

        ReadForms(change, isConverted, isStored);
        if (known.Count == 0)
        {
            // A row without clocks is not known to anybody: it was written while capture was off.
            return isStored ? home : asked;
        }

        if (!isStored)
        {
            home.Assign(Highest());
        }

        long causalLength = Tidy(isStored);
        return home.Bytes.SequenceEqual(asked.Bytes) ? asked : Decide(change, isStored, causalLength);
    }

    /// <summary>Lets the bytes of the change or those of the row win.</summary>
    private KeyBuffer Decide(in ChangeRow change, bool isStored, long causalLength)
    {
        bool isAlive = (causalLength & 1) == 1;
        bool begins = (change.CausalLength & 1) == 1;
        bool ties = change.CausalLength == causalLength && isAlive;
        bool wins = change.CausalLength > causalLength
            ? begins || hasTombstones
            : ties && asked.Bytes.SequenceCompareTo(home.Bytes) < 0;
        if (!wins)
        {
            if (ties)
            {
                Announce(causalLength);
            }
            else if (!isAlive)
            {
                // Where the row is there without being known, the tombstone is what is known.
                home.Assign(Highest());
            }

            return home;
        }

        if (isStored && begins && !Rename())
        {
            return home;
        }

        // A tombstone stays where it is: the new life, or the later tombstone, stands above it.
        if (isAlive)
        {
            MoveClocks();
        }

        return asked;
    }

    /// <summary>Reads the row that is equal to <see cref="asked"/>: its own key goes to <see cref="home"/>.</summary>
    private bool ReadStored()
    {
        KeyBinder.Bind(stored, table, asked.Native);
        bool found = stored.Step() && home.TryRead(stored, table.KeyColumns.Length);
        stored.Reset();
        return found;
    }

    /// <summary>Reads all equal keys that have clocks into <see cref="known"/>, that of the row first.</summary>
    private void ReadForms(in ChangeRow change, bool isConverted, bool isStored)
    {
        known.Clear();
        if (isStored)
        {
            AddForm(home.Bytes);
        }

        AddForm(asked.Bytes);
        if (isConverted)
        {
            // Clocks that another library, or an earlier version, has written for what came and not for what was stored.
            AddForm(change.KeyBlob);
        }

        KeyFormList others = forms.FindOthers(asked.Native);
        for (int i = 0; i < others.Count; i++)
        {
            if (!known.Contains(others.Key(i)))
            {
                known.Add(others.Key(i), others.CausalLength(i));
            }
        }
    }

    private void AddForm(ReadOnlySpan<byte> key)
    {
        if (!known.Contains(key) && forms.CausalLength(key) is long length)
        {
            known.Add(key, length);
        }
    }

    /// <summary>The key with the highest causal length; among equal ones the one that comes first.</summary>
    private ReadOnlySpan<byte> Highest()
    {
        int best = 0;
        for (int i = 1; i < known.Count; i++)
        {
            bool isBetter = known.CausalLength(i) > known.CausalLength(best)
                || (known.CausalLength(i) == known.CausalLength(best) && known.Key(i).SequenceCompareTo(known.Key(best)) < 0);
            best = isBetter ? i : best;
        }

        return known.Key(best);
    }

    /// <summary>Brings clocks into order that do not know that their keys are equal, as another library or an earlier version leaves them:
    /// living ones go to the row, and a row that is there lives above all tombstones.</summary>
    /// <returns>The row's causal length.</returns>
    private long Tidy(bool isStored)
    {
        long own = 0;
        long dead = 0;
        for (int i = 0; i < known.Count; i++)
        {
            own = home.Bytes.SequenceEqual(known.Key(i)) ? known.CausalLength(i) : own;
        }

        for (int i = 0; i < known.Count; i++)
        {
            long length = known.CausalLength(i);
            if (home.Bytes.SequenceEqual(known.Key(i)))
            {
                continue;
            }

            dead = known.IsAlive(i) ? dead : Math.Max(dead, length);
            if (known.IsAlive(i))
            {
                // Those of an earlier life end with it.
                Absorb(known.Key(i), keep: length >= own);
                own = Math.Max(own, length);
            }
        }

        if (isStored && (own & 1) == 1 && dead > own && dead < VersionLimits.MaxCausalLength)
        {
            own = dead + 1;
            Revive(own);
        }

        return Math.Max(own, dead);
    }

    private void Absorb(ReadOnlySpan<byte> key, bool keep)
    {
        clock.Advance();
        if (keep)
        {
            ceiling.Note(home.Native);
            home.BindTo(absorb, 1);
            absorb.BindBlob(2, key).Bind(3, clock.Next());
            absorb.Run();
        }

        forget.BindBlob(1, key);
        forget.Run();
        clock.Advance();
    }

    /// <summary>Gives the row that is there a life of its own: all of its columns are sent again.</summary>
    private void Revive(long causalLength)
    {
        clock.Advance();
        long dbVersion = clock.Next();
        WriteSentinel(causalLength, dbVersion);
        ReadColumnNames(withSentinel: false);
        for (int i = 0; i < names.Count; i++)
        {
            home.BindTo(touch, 1);
            touch.Bind(2, dbVersion).Bind(3, clock.TakeSeq()).BindText(4, names[i]);
            touch.Run();
        }

        clock.Advance();
    }

    /// <summary>Tells those who have other bytes for the row which ones won, unless a change of our own does.</summary>
    private void Announce(long causalLength)
    {
        home.BindTo(isAnnounced, 1);
        bool done = isAnnounced.Step();
        isAnnounced.Reset();
        if (!done)
        {
            clock.Advance();
            WriteSentinel(causalLength, clock.Next());
            clock.Advance();
        }
    }

    private void WriteSentinel(long causalLength, long dbVersion)
    {
        home.BindTo(announce, 1);
        announce.Bind(2, causalLength).Bind(3, dbVersion).Bind(4, clock.TakeSeq());
        announce.Run();
    }

    /// <summary>Gives the row the bytes of the change; false when a trigger of the user's kept the old ones.</summary>
    private bool Rename()
    {
        KeyBinder.Bind(rename, table, home.Native);
        ValueReader reader = new(asked.Data + 1, asked.Length - 1);
        int count = table.KeyColumns.Length;
        for (int i = count + 1; i <= 2 * count && reader.TryRead(out WireValue value); i++)
        {
            StoredValue.Bind(rename, i, value);
        }

        int code = rename.TryStep();
        EngineException? failure = code == ResultCode.Done ? null : connection.Failure(code);
        rename.Reset();
        if (failure == null)
        {
            return connection.Changes > 0;
        }

        bool isOfRow = RefusalKind.Of(failure.Code, fromPrepare: false) != RefusalReason.None;
        string key = KeyText.Describe(asked.Native);
        throw new EngineException(failure.Code, failure.Message + $" (table {table.Name}, key {key})")
        {
            IsOfRow = isOfRow,
            Table = table.Name,
            Key = key,
        }.As(isOfRow ? FailureKind.Row : FailureKind.ByCode);
    }

    /// <summary>Moves the row's clocks to the bytes of the change, as changes that are sent again.</summary>
    private void MoveClocks()
    {
        clock.Advance();
        long dbVersion = clock.Next();
        asked.BindTo(forget, 1);
        forget.Run();
        ceiling.Note(asked.Native);
        ReadColumnNames(withSentinel: true);
        for (int i = 0; i < names.Count; i++)
        {
            asked.BindTo(move, 1);
            home.BindTo(move, 4);
            move.Bind(2, dbVersion).Bind(3, clock.TakeSeq()).BindText(5, names[i]);
            move.Run();
        }

        if (table.HasBlocks)
        {
            asked.BindTo(moveBlocks, 1);
            home.BindTo(moveBlocks, 2);
            moveBlocks.Run();
        }

        clock.Advance();
    }

    /// <summary>Reads the names of the row's clocks into <see cref="names"/>, before any of them moves.</summary>
    private void ReadColumnNames(bool withSentinel)
    {
        names.Clear();
        home.BindTo(columnsOf, 1);
        while (columnsOf.Step())
        {
            if (withSentinel || !columnsOf.Text(0).SequenceEqual(SentinelColumn.Utf8))
            {
                names.Add(columnsOf.Text(0));
            }
        }

        columnsOf.Reset();
    }
}
