using System.CommandLine;
using System.Text.Json.Nodes;

namespace Kiln.Cli.Operating;

/// <summary><c>kiln account create|list</c>.</summary>
internal static class AccountCommand
{
    /// <summary>The verb.</summary>
    public static Command Make() => new("account", "Make and list accounts (operator).") { Create(), List() };

    private static Command Create()
    {
        var name = new Argument<string>("NAME") { Description = "A name for people." };
        var id = new Option<string>("--account-id") { Description = "12 digits; chosen by the service without it." };
        var command = new Command("create", "Make an account; prints its root access key this once.") { name, id };
        return ConnectionOptions.Verb(command, lists: true, async verb =>
        {
            var request = new JsonObject { ["Name"] = verb.Arguments.GetValue(name) };
            if (verb.Arguments.GetValue(id) is { } wanted)
                request["AccountId"] = wanted;
            var answer = await verb.Client.Kiln("CreateAccount", request, verb.Cancel);
            if (verb.Json)
            {
                verb.Screen.Json(answer);
                return ExitCodes.Done;
            }
            verb.Screen.Line($"Account {answer["AccountId"]} ({answer["Name"]}). To act as its root, paste:");
            verb.Screen.Line($"  export AWS_ACCESS_KEY_ID={answer["AccessKeyId"]}");
            verb.Screen.Line($"  export AWS_SECRET_ACCESS_KEY={answer["SecretAccessKey"]}");
            verb.Screen.Say("The secret is not shown again.");
            return ExitCodes.Done;
        });
    }

    private static Command List() => ConnectionOptions.Verb(new Command("list", "List the accounts."), lists: true,
        async verb =>
        {
            var all = new JsonArray();
            string? token = null;
            do
            {
                var request = token is null ? new JsonObject() : new JsonObject { ["NextToken"] = token };
                var page = await verb.Client.Kiln("ListAccounts", request, verb.Cancel);
                foreach (var account in page["Accounts"]!.AsArray())
                    all.Add(account!.DeepClone());
                token = (string?)page["NextToken"];
            }
            while (token is not null);
            if (verb.Json)
                verb.Screen.Json(new JsonObject { ["Accounts"] = all });
            else
            {
                verb.Screen.Table(["ACCOUNT", "NAME", "MADE", ""], all.Select(a => new[]
                {
                    (string)a!["AccountId"]!, (string)a["Name"]!, Times.Text(a["CreatedAt"]),
                    (bool)a["IsOperator"]! ? "operator" : "",
                }));
            }
            return ExitCodes.Done;
        });
}
