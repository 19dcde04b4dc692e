using System.CommandLine;
using System.Data.Common;
using System.Net.Sockets;
using Kiln.Service;
using Kiln.Service.Ec2.Instances.Guests;
using Kiln.Service.Ec2.Instances.Guests.Networks;

namespace Kiln.Host;

/// <summary><c>kiln serve</c>: runs the service in the foreground.</summary>
internal static class ServeCommand
{
    /// <summary>The verb with an option for every setting.</summary>
    public static Command Make()
    {
        var command = new Command("serve", "Run the service in the foreground.");
        var values = new List<(string Name, Func<ParseResult, string?> Value)>();
        foreach (var property in OptionsReader.Settable)
        {
            var name = OptionsReader.OptionName(property.Name);
            if (property.PropertyType == typeof(bool))
            {
                var flag = new Option<bool>("--" + name) { Description = OptionTexts.Of(property.Name) };
                command.Add(flag);
                values.Add((name, result =>
                    result.GetResult(flag) is { Implicit: false } ? result.GetValue(flag).ToString() : null));
            }
            else
            {
                var option = new Option<string>("--" + name) { Description = OptionTexts.Of(property.Name) };
                command.Add(option);
                values.Add((name, result => result.GetValue(option)));
            }
        }
        var config = new Option<string>("--config") { Description = "The settings file; kiln.json by default." };
        command.Add(config);
        command.SetAction((result, cancel) => Run(
            values.Select(v => (v.Name, Value: v.Value(result))).Where(v => v.Value is not null)
                .ToDictionary(v => v.Name, v => v.Value!),
            result.GetValue(config), cancel));
        return command;
    }

    private static async Task<int> Run(Dictionary<string, string> arguments, string? config, CancellationToken cancel)
    {
        try
        {
            var options = OptionsReader.Read(arguments, Environment.GetEnvironmentVariable, config);
            await using var server = await KilnServer.Start(options, cancel: cancel);
            Greet(server, options);
            using var stop = new CancellationTokenSource();
            var starter = options.StarterImage ? StarterImage.Make(server, options, stop.Token) : Task.CompletedTask;
            await server.WaitForShutdown();
            await stop.CancelAsync();
            await starter;
            return 0;
        }
        catch (OptionsException wrong)
        {
            foreach (var sentence in wrong.Sentences)
                await Console.Error.WriteLineAsync("kiln: " + sentence);
            return 2;
        }
        catch (Exception failure) when (failure is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync("kiln: " + failure.Message);
            return 1;
        }
        catch (Exception failure) when (failure.GetBaseException() is SocketException or DbException)
        {
            await Console.Error.WriteLineAsync($"kiln: The database cannot be used: {failure.Message} "
                + $"{failure.InnerException?.Message}".TrimEnd());
            return 1;
        }
    }

    private static void GreetNetwork(TextWriter print, ServiceOptions options)
    {
        if (options.GuestNetwork == "nat")
        {
            print.WriteLine(
                "WARNING: --guest-network nat: machines reach whatever this host reaches, its own loopback and this "
                + "service included.");
        }
        if (GuestPort.OnHost != GuestPort.Ssh)
            print.WriteLine($"SSH of machines is at port {GuestPort.OnHost} of their public addresses.");
    }

    private static void Greet(KilnServer server, ServiceOptions options)
    {
        var print = Console.Out;
        print.WriteLine($"Kiln {OwnPages.Version} listens on {server.Url}, data in {Path.GetFullPath(options.Data)}");
        if (options.Dev)
        {
            print.WriteLine(
                "WARNING: --dev is on: anybody on this machine may act as any account (secret 'test'), "
                + "and the clock can be moved.");
        }
        var host = server.Services.GetRequiredService<QemuHost>();
        print.WriteLine(host.Greeting);
        if (host.IsUsed)
            GreetNetwork(print, options);
        if (server.First is { } first)
            print.WriteLine(
                $"Made account {first.AccountId}; its credentials are in {Path.GetFullPath(first.CredentialsFile)}");
        print.WriteLine();
        print.WriteLine("To use it from another terminal, paste:");
        print.WriteLine($"  export AWS_ENDPOINT_URL={server.Url}");
        print.WriteLine($"  export AWS_SHARED_CREDENTIALS_FILE={Path.GetFullPath(options.CredentialsPath)}");
        // boto3 and the first aws CLI read the second name only.
        print.WriteLine($"  export AWS_REGION={options.RegionList[0]} AWS_DEFAULT_REGION={options.RegionList[0]}");
        print.Flush();
    }
}
