using System.CommandLine;
using Kiln.Cli;
using Kiln.Host;

var root =
    new RootCommand("Kiln makes, stores, copies, shares, deprecates and retires machine images with the AWS API.")
{
    ServeCommand.Make(),
};
foreach (var command in Commands.All(Embedding.Start))
    root.Add(command);
// SIGTERM and SIGINT belong to the host, which drains; the parser's own handler would cut that short.
return await root.Parse(args).InvokeAsync(new InvocationConfiguration { ProcessTerminationTimeout = null });
