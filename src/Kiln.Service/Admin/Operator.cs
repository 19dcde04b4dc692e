using Kiln.Service.Accounts;
using Kiln.Service.Calls;
using Kiln.Service.Persistence;
using Microsoft.EntityFrameworkCore;

namespace Kiln.Service.Admin;

/// <summary>Who may run the installation: principals of the operator's account, and in development any root.</summary>
public sealed class Operator(Db db, ServiceOptions options)
{
    /// <summary>Refuses anybody else, and callers whose policies do not allow the operation.</summary>
    /// <exception cref="Protocol.Errors.AwsException">AccessDeniedException.</exception>
    public async Task Authorize(Call call, CancellationToken cancel)
    {
        var developer = options.Dev && call.Caller.IsRoot;
        if (!developer && !await db.Settings.AsNoTracking()
            .AnyAsync(s => s.Name == Bootstrap.OperatorSetting && s.Value == call.AccountId, cancel))
            throw AdminError.OperatorOnly();
        await call.Authorize();
    }
}
