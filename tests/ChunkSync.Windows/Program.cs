using System.Reflection;
using ChunkSync.Windows;
using Xunit.Abstractions;
using Xunit.Sdk;

// ChunkSync.Windows --list: the classes of the in-process tests. ChunkSync.Windows CLASS...: runs those classes in this process, for systems on
// which `dotnet test` does not run, such as wine; prints what fails, then a line "N passed, N failed, N skipped". Exit code 0: some passed, none failed.
Assembly tests = typeof(ChunkSync.Tests.Host.Seed).Assembly;
IEnumerable<Type> classes = tests.GetTypes()
    .Where(type => type.GetMethods().Any(method => method.CustomAttributes.Any(attribute => attribute.AttributeType.IsAssignableTo(typeof(Xunit.FactAttribute)))));
if (args is ["--list"])
{
    foreach (Type type in classes.OrderBy(type => type.FullName, StringComparer.Ordinal))
    {
        Console.WriteLine(type.FullName);
    }

    return 0;
}

using XunitTestFramework framework = new(new NullMessageSink());
using ITestFrameworkDiscoverer discoverer = framework.GetDiscoverer(Reflector.Wrap(tests));
Discovered discovered = new();
foreach (Type type in classes.Where(type => args.Contains(type.FullName)))
{
    discoverer.Find(type.FullName, includeSourceInformation: false, discovered, new Options());
    discovered.IsDone.WaitOne();
}

Outcomes outcomes = new();
using (ITestFrameworkExecutor executor = framework.GetExecutor(tests.GetName()))
{
    executor.RunTests(discovered.Cases, outcomes, new Options());
    outcomes.IsDone.Wait();
}

Console.WriteLine($"{outcomes.Passed} passed, {outcomes.Failed} failed, {outcomes.Skipped} skipped");
return outcomes.Failed == 0 && outcomes.Passed > 0 ? 0 : 1;
