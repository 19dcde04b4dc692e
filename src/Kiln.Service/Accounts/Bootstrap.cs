using System.Security.Cryptography;
using System.Text;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;
using Microsoft.Extensions.DependencyInjection;

namespace Kiln.Service.Accounts;

/// <summary>The account that the first start makes.</summary>
public sealed record FirstAccount(string AccountId, string AccessKeyId, string CredentialsFile);

/// <summary>Makes the first account and writes its credentials where AWS's tools can read them.</summary>
public sealed class Bootstrap(IServiceScopeFactory scopes, MasterKey master, TimeProvider clock, ServiceOptions options)
{
    /// <summary>The first account's name. It may make further accounts and see the work table.</summary>
    public const string OperatorName = "operator";

    /// <summary>Makes account and credentials file where there is no account yet.</summary>
    /// <returns>What was made, or null when there was an account.</returns>
    /// <exception cref="InvalidDataException">The database was sealed under another master key.</exception>
    public async Task<FirstAccount?> Run(CancellationToken cancel)
    {
        await using var scope = scopes.CreateAsyncScope();
        var db = scope.ServiceProvider.GetRequiredService<Db>();
        if (await db.Accounts.AnyAsync(cancel))
        {
            await CheckMasterKey(db, cancel);
            return null;
        }
        var (account, key, secret) = NewAccount(OperatorName, master, clock.GetUtcNow());
        db.Add(account);
        db.Add(key);
        // The row that decides between two nodes starting together on one empty database.
        db.Add(new Setting { Name = OperatorSetting, Value = account.Id });
        db.Add(new Setting
        {
            Name = MasterKeySetting,
            Value = Convert.ToBase64String(master.Seal(Encoding.UTF8.GetBytes(account.Id), MasterKeySetting)),
        });
        try
        {
            await db.SaveChangesAsync(cancel);
        }
        catch (DbUpdateException raced) when (DbErrors.IsConflict(raced))
        {
            return null;
        }
        WriteCredentials(options.CredentialsPath, key.Id, secret);
        return new FirstAccount(account.Id, key.Id, options.CredentialsPath);
    }

    /// <summary>The setting that holds the operator's account id.</summary>
    public const string OperatorSetting = "operator-account";

    /// <summary>The setting that only the installation's own master key opens.</summary>
    private const string MasterKeySetting = "master-key";

    /// <summary>With another key nothing sealed would open, and what is sealed anew would be lost when the right one
    /// is put back: better not to start.</summary>
    private async Task CheckMasterKey(Db db, CancellationToken cancel)
    {
        if (await db.Settings.FindAsync([MasterKeySetting], cancel) is not { } proof)
            return;
        try
        {
            master.Open(Convert.FromBase64String(proof.Value), MasterKeySetting);
        }
        catch (CryptographicException)
        {
            var path = options.MasterKeyPath;
            if (!master.IsNew)
                throw new InvalidDataException(
                    $"{path} is not the master key that this database is sealed under. Put the right file back.");
            File.Delete(path);
            throw new InvalidDataException(
                $"The master key {path} is missing, and the database is sealed under it. Put the file back.");
        }
    }

    /// <summary>An account with a root access key, not yet saved.</summary>
    public static (Account Account, AccessKey Key, string Secret) NewAccount(
        string name, MasterKey master, DateTimeOffset now, string? accountId = null)
    {
        var account = new Account { Id = accountId ?? Ids.AccountId(), Name = name, CreatedAt = now };
        var secret = Ids.Secret();
        var keyId = Ids.AccessKeyId("AKIA");
        var key = new AccessKey
        {
            Id = keyId,
            AccountId = account.Id,
            SealedSecret = master.Seal(Encoding.UTF8.GetBytes(secret), keyId),
            PrincipalArn = $"arn:aws:iam::{account.Id}:root",
            PrincipalId = account.Id,
            CreatedAt = now,
        };
        return (account, key, secret);
    }

    private static void WriteCredentials(string path, string keyId, string secret)
    {
        if (Path.GetDirectoryName(Path.GetFullPath(path)) is { } folder)
            Directory.CreateDirectory(folder);
        using var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.Create,
            Access = FileAccess.Write,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        file.Write(Encoding.UTF8.GetBytes(
            $"[default]\naws_access_key_id = {keyId}\naws_secret_access_key = {secret}\n"));
    }
}
