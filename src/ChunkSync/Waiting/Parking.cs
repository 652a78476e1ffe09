using System.Globalization;
using ChunkSync.Catalog;
using ChunkSync.Format;
using ChunkSync.Keys;
using ChunkSync.Merge;
using ChunkSync.Session;
using ChunkSync.Sqlite;

namespace ChunkSync.Waiting;

/// <summary>Makes room for another row's value: a column that is about to be written gets a placeholder first. An UPDATE with the user's
/// triggers on: they see old, placeholder, new, a chain without a gap, so that what they keep stays right. A DELETE and INSERT would
/// delete children.</summary>
internal sealed unsafe class Parking(SyncSession session, TableKeys keys, DeferredKeys deferred) : IDisposable
{
    private const int PlaceholderBytes = 16;

    /// <summary>Placeholder numbers lie below its negative, or above it: a sum of a few of them is no overflow, and a REAL holds each exactly.</summary>
    private const long LeastNumber = 1L << 51;

    private readonly Connection connection = session.Connection;
    private readonly Dictionary<(TrackedTable Table, int Column), Statement> updates = [];
    private int generation = -1;

    /// <summary>How many placeholders a column can get, one after the other: NULL, unless it is NOT NULL, one that is less than what users write, and one
    /// that is greater. The WHERE of a partial index may hold for some of them.</summary>
    public static int CountOf(TableColumn column) => column.NotNull ? 2 : 3;

    /// <summary>Writes a placeholder: the first one that the column has not had and for which no other row is in the way.</summary>
    /// <param name="table">The table.</param>
    /// <param name="key">The row's key.</param>
    /// <param name="column">The value column.</param>
    /// <param name="call">The call, which notes it.</param>
    /// <param name="row">A hash of the row.</param>
    /// <param name="now">The generation of the tables.</param>
    /// <returns>False when the row was refused, or is not there.</returns>
    public bool TryPark(TrackedTable table, NativeBytes key, int column, MergeCall call, long row, int now)
    {
        if (generation != now)
        {
            Dispose();
            generation = now;
        }

        Statement update = UpdateOf(table, column);
        int count = CountOf(table.ValueColumns[column]);
        int code = ResultCode.ConstraintUnique;
        int rows = 0;
        for (int which = call.ParkedOf(row)?.CountOf(column) ?? 0; code == ResultCode.ConstraintUnique && which < count; which++)
        {
            call.Park(row, column);
            code = Run(update, table, key, column, which, out rows);
            switch (code)
            {
                case ResultCode.ConstraintCheck:
                    code = RunUnchecked(update, table, key, column, which, out rows);
                    break;
                case ResultCode.ConstraintForeignKey when deferred.TryTurnOn():
                    code = Run(update, table, key, column, which, out rows);
                    break;
            }
        }

        return code == ResultCode.Done && rows > 0;
    }

    public void Dispose()
    {
        foreach (Statement update in updates.Values)
        {
            update.Dispose();
        }

        updates.Clear();
    }

    private Statement UpdateOf(TrackedTable table, int column)
    {
        if (!updates.TryGetValue((table, column), out Statement? update))
        {
            string clause = ConflictClauses.AreDeclared(connection, table) ? " OR ABORT" : "";
            update = connection.Prepare($"UPDATE{clause} {table.Quoted} SET {table.ValueColumns[column].Quoted} = ?{table.KeyColumns.Length + 1}"
                + $" WHERE {string.Join(" AND ", keys.Rules(table).Conditions)}");
            updates.Add((table, column), update);
        }

        return update;
    }

    private int RunUnchecked(Statement update, TrackedTable table, NativeBytes key, int column, int which, out int rows)
    {
        bool wasOn = connection.Integer("PRAGMA ignore_check_constraints") != 0;
        try
        {
            session.RunPragma("PRAGMA ignore_check_constraints = ON");
            return Run(update, table, key, column, which, out rows);
        }
        finally
        {
            if (!wasOn)
            {
                SwitchChecksOn();
            }
        }
    }

    /// <summary>Not left off, whatever happens: while the host interrupts the connection nothing runs that reads tables, but the second attempt
    /// of a PRAGMA does, when the first one has only reported that.</summary>
    private void SwitchChecksOn()
    {
        const string On = "PRAGMA ignore_check_constraints = OFF";
        try
        {
            session.RunPragma(On);
        }
        catch (EngineException)
        {
            if (connection.TryExecute(On) != ResultCode.Ok)
            {
                connection.Execute(On);
            }

            throw;
        }
    }

    /// <returns>SQLITE_DONE, or the code of a refusal.</returns>
    /// <exception cref="EngineException">Something else failed.</exception>
    private int Run(Statement update, TrackedTable table, NativeBytes key, int column, int which, out int rows)
    {
        update.Reset();
        KeyBinder.Bind(update, table, key);
        BindPlaceholder(update, table.KeyColumns.Length + 1, table.ValueColumns[column], which);
        int code = update.TryRun();
        if (code == ResultCode.Done)
        {
            rows = connection.Changes;
            update.Reset();
            return code;
        }

        rows = 0;
        EngineException failure = update.Failure(code);
        update.Reset();
        return RefusalKind.Of(failure.Code, fromPrepare: false) != RefusalReason.None ? failure.Code : throw failure;
    }

    private static void BindPlaceholder(Statement update, int parameter, TableColumn column, int which)
    {
        bool isLast = which == CountOf(column) - 1;
        if (which == 0 && !column.NotNull)
        {
            update.BindNull(parameter);
            return;
        }

        byte* random = stackalloc byte[PlaceholderBytes];
        Sqlite3.Api->randomness(PlaceholderBytes, random);
        string type = column.DeclaredType.ToUpperInvariant();
        long number = LeastNumber + (*(long*)random & 0xffff_ffff_ffff);
        number = isLast ? number : -number;
        if (type.Contains("INT", StringComparison.Ordinal))
        {
            update.Bind(parameter, number);
        }
        else if (IsText(type))
        {
            update.Bind(parameter, (isLast ? "\U0010FFFF" : "\u0001") + (*(ulong*)random).ToString("x16", CultureInfo.InvariantCulture));
        }
        else if (type.Contains("BLOB", StringComparison.Ordinal))
        {
            random[0] = isLast ? byte.MaxValue : (byte)0;
            update.BindBlob(parameter, new ReadOnlySpan<byte>(random, PlaceholderBytes));
        }
        else if (type is "" or "ANY")
        {
            // In an index on an expression that counts with it, bytes would be 0, which another row may have.
            update.Bind(parameter, number);
        }
        else
        {
            update.Bind(parameter, (double)number);
        }
    }

    private static bool IsText(string type) => type.Contains("CHAR", StringComparison.Ordinal)
        || type.Contains("CLOB", StringComparison.Ordinal) || type.Contains("TEXT", StringComparison.Ordinal);
}
