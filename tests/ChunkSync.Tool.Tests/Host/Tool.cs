using System.Diagnostics;
using System.Text;

namespace ChunkSync.Tool.Tests;

/// <summary>Runs the tool: in this process, which is fast, or as a process of its own.</summary>
internal static class Tool
{
    private static readonly Lazy<bool> CanResetSignals = new(() =>
    {
        if (!OperatingSystem.IsLinux())
        {
            return false;
        }

        using Process env = Process.Start(new ProcessStartInfo("env", ["--default-signal=INT", "true"]) { RedirectStandardError = true })!;
        env.WaitForExit();
        return env.ExitCode == 0;
    });

    /// <summary>The program that this project has built.</summary>
    public static string ProgramFile { get; } = Path.Combine(AppContext.BaseDirectory, "ChunkSync.Tool.dll");

    /// <summary>Runs it in this process; nothing is a terminal.</summary>
    public static Task<ToolRun> RunAsync(params string[] arguments) => RunAsync(new ToolInput(), arguments);

    /// <summary>Runs it in this process.</summary>
    public static async Task<ToolRun> RunAsync(ToolInput input, params string[] arguments)
    {
        using StringWriter error = new() { NewLine = "\n" };
        using MemoryStream output = new();
        using StreamWriter text = new(output, new UTF8Encoding(false), leaveOpen: true) { AutoFlush = true, NewLine = "\n" };
        Terminal terminal = new()
        {
            Out = text,
            Error = TextWriter.Synchronized(error),
            OpenInput = () => new MemoryStream(input.Bytes),
            OpenOutput = () => output,
            IsOutputTerminal = input.IsOutputTerminal,
            IsErrorTerminal = input.IsErrorTerminal,
            MayColor = true,
        };
        int code = await ToolRunner.RunAsync(arguments, terminal, input.Cancellation);
        return new ToolRun(code, Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }

    /// <summary>Begins a process of its own; the caller reads, kills and disposes it.</summary>
    /// <param name="arguments">The command line.</param>
    public static Process Start(params string[] arguments) => Start(static _ => { }, arguments);

    /// <summary>Begins a process of its own; the caller reads, kills and disposes it.</summary>
    /// <param name="configure">Changes how it is started.</param>
    /// <param name="arguments">The command line.</param>
    public static Process Start(Action<ProcessStartInfo> configure, params string[] arguments)
    {
        ProcessStartInfo start = new("dotnet") { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment["TERM"] = "xterm-256color";
        foreach (string argument in (string[])[ProgramFile, .. arguments])
        {
            start.ArgumentList.Add(argument);
        }

        HearInterrupts(start);
        configure(start);
        return Process.Start(start)!;
    }

    /// <summary>A script's background processes ignore SIGINT, and so does all that they start: the program, too, as it should. Where env can, it is started
    /// without that.</summary>
    private static void HearInterrupts(ProcessStartInfo start)
    {
        if (CanResetSignals.Value)
        {
            start.ArgumentList.Insert(0, start.FileName);
            start.ArgumentList.Insert(0, "--default-signal=INT");
            start.FileName = "env";
        }
    }

    /// <summary>Runs it as a process of its own.</summary>
    public static async Task<ToolRun> RunProcessAsync(params string[] arguments)
    {
        using Process process = Start(arguments);
        process.StandardInput.Close();
        Task<string> output = process.StandardOutput.ReadToEndAsync();
        Task<string> error = process.StandardError.ReadToEndAsync();
        await process.WaitForExitAsync();
        return new ToolRun(process.ExitCode, await output, await error);
    }
}
