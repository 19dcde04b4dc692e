using System.CommandLine;
using Kiln.Host;

var root = new RootCommand("Kiln makes, stores, copies, shares, deprecates and retires machine images with the AWS API.")
{
    ServeCommand.Make(),
};
return await root.Parse(args).InvokeAsync();
