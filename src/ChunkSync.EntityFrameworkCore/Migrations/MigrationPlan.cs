using Microsoft.EntityFrameworkCore.Migrations;
using Microsoft.EntityFrameworkCore.Migrations.Operations;

namespace ChunkSync.EntityFrameworkCore;

/// <summary>The commands of a migration with the operations that they come from, and the calls that belong between them.</summary>
/// <param name="tables">The synced tables.</param>
/// <param name="command">Makes a command of SQL.</param>
internal sealed class MigrationPlan(SyncedTables tables, Func<string, MigrationCommand> command)
{
    /// <summary>What Entity Framework calls the new table of a rebuild.</summary>
    private const string RebuiltPrefix = "ef_temp_";

    private readonly List<(MigrationOperation Operation, int First, int End)> parts = [];

    /// <summary>An operation was written.</summary>
    /// <param name="operation">The operation.</param>
    /// <param name="first">The index of its first command.</param>
    /// <param name="end">The index behind its last one.</param>
    public void Add(MigrationOperation operation, int first, int end) => parts.Add((operation, first, end));

    /// <summary>The commands with everything that belongs between them.</summary>
    public IReadOnlyList<MigrationCommand> Complete(IReadOnlyList<MigrationCommand> commands)
    {
        List<PlannedCommand> planned = [];
        foreach ((MigrationOperation operation, int first, int end) in parts)
        {
            planned.AddRange(commands.Skip(first).Take(end - first).Select(written => new PlannedCommand(written, operation)));
        }

        // What stands behind the last operation.
        planned.AddRange(commands.Skip(parts.Count == 0 ? 0 : parts[^1].End).Select(written => new PlannedCommand(written, null)));
        MoveCopies(planned);
        List<MigrationCommand> complete = [.. tables.Ended.Select(table => Call("cloudsync_cleanup", table))];
        List<PlannedCommand> segment = [];
        foreach (PlannedCommand next in planned)
        {
            if (next.Command.TransactionSuppressed)
            {
                complete.AddRange(Segment(segment));
                segment.Clear();
                complete.Add(next.Command);
            }
            else
            {
                segment.Add(next);
            }
        }

        complete.AddRange(Segment(segment));
        complete.AddRange(tables.Began.Select(Init));
        return complete;
    }

    /// <summary>A rebuild is written as a copy in one transaction, and DROP and RENAME in the next one, with <c>PRAGMA foreign_keys</c> between them. What
    /// others write meanwhile would be lost, and so would be said to all other databases; and what fails in the second leaves the first. The
    /// copy is put into the second one, and where nothing but the schema is changed, where foreign keys do not matter, everything.</summary>
    private void MoveCopies(List<PlannedCommand> planned)
    {
        List<PlannedCommand> copies = [.. planned.Where(next => IsCopy(next.Operation))];
        int drop = planned.FindIndex(next => next.Operation is DropTableOperation dropped && IsRebuilt(dropped.Name));
        bool concernsSynced = copies.Any(next => next.Operation is CreateTableOperation create && tables.IsAltered(create.Name[RebuiltPrefix.Length..]));
        if (!concernsSynced || drop < 0)
        {
            return;
        }

        int behind = drop - planned.Take(drop).Count(copies.Contains);
        planned.RemoveAll(copies.Contains);
        planned.InsertRange(behind, copies);
        List<PlannedCommand> suppressed = [.. planned.Where(next => next.Command.TransactionSuppressed)];
        if (suppressed.Count == 2 && planned.All(next => suppressed.Contains(next) || IsOfSchema(next.Operation)))
        {
            List<PlannedCommand> inside = [.. planned.Except(suppressed)];
            planned.Clear();
            planned.AddRange([suppressed[0], .. inside, suppressed[1]]);
        }
    }

    /// <summary>Whether an operation leaves rows alone, or copies them.</summary>
    private bool IsOfSchema(MigrationOperation? operation) => operation switch
    {
        SqlOperation => IsCopy(operation),
        InsertDataOperation or UpdateDataOperation or DeleteDataOperation or null => false,
        _ => true,
    };

    private bool IsCopy(MigrationOperation? operation) => operation switch
    {
        CreateTableOperation create => Rebuilt(create.Name) != null,
        SqlOperation { SuppressTransaction: false } sql => parts.Exists(part => part.Operation is CreateTableOperation create && Rebuilt(create.Name) != null
            && sql.Sql.StartsWith($"INSERT INTO \"{create.Name}\"", StringComparison.Ordinal)),
        _ => false,
    };

    /// <summary>The table that a new table of a rebuild becomes; null when it is none.</summary>
    private string? Rebuilt(string name) => name.StartsWith(RebuiltPrefix, StringComparison.Ordinal) && IsRebuilt(name[RebuiltPrefix.Length..])
        ? name[RebuiltPrefix.Length..] : null;

    private bool IsRebuilt(string table) =>
        parts.Exists(part => part.Operation is RenameTableOperation rename && rename.NewName == table && rename.Name == RebuiltPrefix + table);

    /// <summary>The commands of one transaction. Tables that are altered in turn are altered together: pairs lie in one another.</summary>
    private IEnumerable<MigrationCommand> Segment(List<PlannedCommand> segment)
    {
        int next = 0;
        while (next < segment.Count)
        {
            if (AlteredTable(segment[next].Operation) is not string table)
            {
                foreach (MigrationCommand written in Around(segment[next++]))
                {
                    yield return written;
                }

                continue;
            }

            // As far as any table goes that is altered on the way.
            List<string> together = [table];
            int last = LastOf(segment, table);
            for (int i = next; i <= last; i++)
            {
                if (AlteredTable(segment[i].Operation) is string other && !together.Contains(other, StringComparer.OrdinalIgnoreCase))
                {
                    together.Add(other);
                    last = Math.Max(last, LastOf(segment, other));
                }
            }

            foreach (string each in together)
            {
                yield return Call("cloudsync_begin_alter", each);
            }

            for (; next <= last; next++)
            {
                foreach (MigrationCommand written in Around(segment[next]))
                {
                    yield return written;
                }
            }

            foreach (string each in together.AsEnumerable().Reverse())
            {
                yield return Call("cloudsync_commit_alter", each);
            }
        }
    }

    private int LastOf(List<PlannedCommand> segment, string table) =>
        segment.FindLastIndex(command => string.Equals(AlteredTable(command.Operation), table, StringComparison.OrdinalIgnoreCase));

    private IEnumerable<MigrationCommand> Around(PlannedCommand next)
    {
        if (next.Operation is DropTableOperation drop && tables.IsDropped(drop.Name) && !IsRebuilt(drop.Name))
        {
            yield return Call("cloudsync_cleanup", drop.Name);
        }

        if (next.Operation is CreateTableOperation copy && Rebuilt(copy.Name) is string table && tables.IsAltered(table))
        {
            // Left by a migration that failed.
            yield return command($"DROP TABLE IF EXISTS \"{copy.Name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"");
        }

        yield return next.Command;
        if (next.Operation is CreateTableOperation create && Rebuilt(create.Name) == null && tables.Find(create.Name) != null)
        {
            yield return Init(create.Name);
        }
    }

    /// <summary>The synced table whose columns an operation changes; null for none.</summary>
    private string? AlteredTable(MigrationOperation? operation)
    {
        string? table = operation switch
        {
            AddColumnOperation add => add.Table,
            DropColumnOperation drop => drop.Table,
            RenameColumnOperation rename => rename.Table,
            AlterColumnOperation alter => alter.Table,
            DropTableOperation drop when IsRebuilt(drop.Name) => drop.Name,
            RenameTableOperation rename => Rebuilt(rename.Name),
            CreateTableOperation create => Rebuilt(create.Name),
            SqlOperation sql when IsCopy(sql) => parts.Select(part => part.Operation).OfType<CreateTableOperation>()
                .Where(create => sql.Sql.StartsWith($"INSERT INTO \"{create.Name}\"", StringComparison.Ordinal)).Select(create => Rebuilt(create.Name)).FirstOrDefault(),
            _ => null,
        };
        return tables.IsAltered(table) ? table : null;
    }

    private MigrationCommand Init(string table) => command(tables.Find(table)!.Init(Literal(table)));

    private MigrationCommand Call(string function, string table) => command($"SELECT {function}({Literal(table)})");

    private static string Literal(string text) => $"'{text.Replace("'", "''", StringComparison.Ordinal)}'";
}
